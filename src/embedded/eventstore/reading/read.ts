import { setTimeout as delay } from 'node:timers/promises';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import type { CommitNotifier } from '../commit-notifier.ts';
import type { StoredEvent } from '../events.ts';
import { type Faults, refuse } from '../faults.ts';
import type { OpenCalls } from '../open-calls.ts';
import { eventAdder } from './add-event.ts';
import { isReadable } from './hidden-events.ts';
import { invalidPosition, requirePosition } from './invalid-position.ts';
import { pageReader } from './page-reader.ts';
import { afterAll, beforeAll, cursorOf } from './pages.ts';
import { openReadCall, type ReadCall } from './read-call.ts';
import { streamNotFoundReply } from './read-replies.ts';
import { parseRead, type ReadOnce } from './read-request.ts';
import type { ReplyBatch } from './reply-batch.ts';
import { positionReplies } from './stream-positions.ts';
import { followLog } from './subscribe.ts';

type Needs = {
  readonly db: Pool;
  readonly notifier: CommitNotifier;
  readonly faults: Faults;
  readonly calls: OpenCalls;
  readonly onError: (error: unknown) => void;
  /** The clock of the store, in milliseconds since 1970. */
  readonly nowMs: () => number;
};

/** Handles Streams.Read: of streams and $all, in both directions, once or as a subscription. */
export const readHandler =
  ({ db, notifier, faults, calls, onError, nowMs }: Needs): handleServerStreamingCall<streams.ReadReq, ReplyBatch> =>
  (call) => {
    const readCall = openReadCall(call, { calls, faults, onError });
    const serve = async () => {
      refuse(faults.refuseReads);
      const plan = await parseRead(call.request);
      if (plan.kind === 'subscribe') await followLog(readCall, plan, { db, notifier, faults, nowMs });
      else await readOnce(readCall, plan, { db, nowMs });
      await readCall.replies.send();
      if (faults.readEndDelayMs > 0) await delay(faults.readEndDelayMs);
    };
    serve().then(readCall.end, readCall.fail);
  };

const refuseOtherPosition = (first: StoredEvent | undefined, position: bigint): void => {
  if (first !== undefined && BigInt(first.position) !== position) throw invalidPosition(position);
};

const readOnce = async (call: ReadCall, plan: ReadOnce, { db, nowMs }: Pick<Needs, 'db' | 'nowMs'>): Promise<void> => {
  const { scope, direction, filter } = plan;
  let { cursor, count } = plan;
  const from = cursor;
  if (scope.kind === 'all' && direction === 'backwards' && from !== undefined && from !== afterAll)
    await requirePosition(db, from);
  const add = eventAdder(call.replies, plan, { db, nowMs });
  const nextPage = pageReader(plan, { db, nowMs, over: call.over });
  let lastRead: bigint | undefined;
  let atEnd = false;
  while (cursor !== undefined && count > 0n && !atEnd && !call.over.aborted) {
    const { events, more } = await nextPage(cursor, count);
    // A read of $all includes the event at its position, so the first page tells whether there is one.
    if (scope.kind === 'all' && direction === 'forwards' && cursor === from && from !== beforeAll)
      refuseOtherPosition(events[0], from + 1n);
    for (const event of events) {
      cursor = cursorOf(scope, event);
      const isMatch = !filter || filter.matches(event);
      const resting = filter?.rest();
      if (resting !== undefined) await Promise.all([call.replies.send(), resting]);
      if (call.over.aborted) return;
      if (!isMatch) continue;
      const sending = add(event);
      if (sending !== undefined) await sending;
      lastRead = cursor;
      count -= 1n;
      if (count === 0n || call.over.aborted) break;
    }
    await call.replies.send();
    atEnd = !more && count > 0n;
  }
  if (call.over.aborted || scope.kind === 'all') return;
  if (lastRead === undefined && !(await isReadable(db, scope.stream)))
    call.replies.add(streamNotFoundReply(scope.stream));
  else for (const reply of await positionReplies(db, plan, { lastRead, atEnd })) call.replies.add(reply);
};
