import { setTimeout as delay } from 'node:timers/promises';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import type { CommitNotifier } from '../commit-notifier.ts';
import { type Faults, refuse } from '../faults.ts';
import type { OpenCalls } from '../open-calls.ts';
import { eventMessage } from './event-message.ts';
import { cursorOf, pageEventsMax, readBulkPage, readHead, readPage } from './pages.ts';
import { openReadCall, type ReadCall } from './read-call.ts';
import { streamNotFoundReply } from './read-replies.ts';
import { parseRead, type ReadOnce } from './read-request.ts';
import type { ReplyBatch } from './reply-batch.ts';
import { followLog } from './subscribe.ts';

type Needs = {
  readonly db: Pool;
  readonly notifier: CommitNotifier;
  readonly faults: Faults;
  readonly calls: OpenCalls;
  readonly onError: (error: unknown) => void;
};

/** Handles Streams.Read: of streams and $all, in both directions, once or as a subscription. */
export const readHandler =
  ({ db, notifier, faults, calls, onError }: Needs): handleServerStreamingCall<streams.ReadReq, ReplyBatch> =>
  (call) => {
    const readCall = openReadCall(call, { calls, faults, onError });
    const serve = async () => {
      refuse(faults.refuseReads);
      const plan = parseRead(call.request);
      if (plan.kind === 'subscribe') await followLog(readCall, plan, { db, notifier, faults });
      else await readOnce(readCall, plan, db);
      await readCall.replies.send();
      if (faults.readEndDelayMs > 0) await delay(faults.readEndDelayMs);
    };
    serve().then(readCall.end, readCall.fail);
  };

const readOnce = async (call: ReadCall, plan: ReadOnce, db: Pool): Promise<void> => {
  const { scope, direction, filter, ids } = plan;
  let { cursor, count } = plan;
  let seen = false;
  while (cursor !== undefined && count > 0n && !call.over.aborted) {
    const limit = filter || count > 10_000n ? undefined : Number(count);
    const range = { direction, cursor, limit };
    const isBulk = scope.kind === 'all' && (limit === undefined || limit >= pageEventsMax);
    const { events, more } = await (isBulk ? readBulkPage(db, range) : readPage(db, scope, range));
    for (const event of events) {
      seen = true;
      cursor = cursorOf(scope, event);
      if (filter && !filter.matches(event)) continue;
      if (call.replies.add(eventMessage(event, ids))) await call.replies.send();
      count -= 1n;
      if (count === 0n || call.over.aborted) return;
    }
    await call.replies.send();
    if (!more) break;
  }
  if (seen || scope.kind === 'all' || call.over.aborted) return;
  if ((await readHead(db, scope)) === undefined) call.replies.add(streamNotFoundReply(scope.stream));
};
