import { setTimeout as delay } from 'node:timers/promises';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import type { CommitNotifier } from '../commit-notifier.ts';
import type { StoredEvent } from '../events.ts';
import { type Faults, refuse } from '../faults.ts';
import type { OpenCalls } from '../open-calls.ts';
import { eventMessage } from './event-message.ts';
import { isReadable } from './hidden-events.ts';
import { invalidPosition, requirePosition } from './invalid-position.ts';
import { afterAll, beforeAll, cursorOf, readPage } from './pages.ts';
import { openReadCall, type ReadCall } from './read-call.ts';
import { type ReadReply, streamNotFoundReply } from './read-replies.ts';
import { parseRead, type ReadOnce } from './read-request.ts';
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
  ({ db, notifier, faults, calls, onError, nowMs }: Needs): handleServerStreamingCall<streams.ReadReq, ReadReply> =>
  (call) => {
    const readCall = openReadCall(call, { calls, faults, onError });
    const serve = async () => {
      refuse(faults.refuseReads);
      const plan = parseRead(call.request);
      if (plan.kind === 'subscribe') await followLog(readCall, plan, { db, notifier, faults, nowMs });
      else await readOnce(readCall, plan, { db, nowMs });
      if (faults.readEndDelayMs > 0) await delay(faults.readEndDelayMs);
    };
    serve().then(readCall.end, readCall.fail);
  };

const refuseOtherPosition = (first: StoredEvent | undefined, position: bigint): void => {
  if (first !== undefined && BigInt(first.position) !== position) throw invalidPosition(position);
};

const readOnce = async (call: ReadCall, plan: ReadOnce, { db, nowMs }: Pick<Needs, 'db' | 'nowMs'>): Promise<void> => {
  const { scope, direction, filter, ids } = plan;
  let { cursor, count } = plan;
  let isEmpty = true;
  const from = cursor;
  if (scope.kind === 'all' && direction === 'backwards' && from !== undefined && from !== afterAll)
    await requirePosition(db, from);
  while (cursor !== undefined && count > 0n && !call.over.aborted) {
    const limit = filter || count > 10_000n ? undefined : Number(count);
    const { events, more } = await readPage(db, scope, { direction, cursor, limit, nowMs: nowMs() });
    isEmpty = events.length === 0;
    // A read of $all includes the event at its position, so the first page tells whether there is one.
    if (scope.kind === 'all' && direction === 'forwards' && cursor === from && from !== beforeAll)
      refuseOtherPosition(events[0], from + 1n);
    for (const event of events) {
      cursor = cursorOf(scope, event);
      if (filter && !filter.matches(event)) continue;
      if (!call.out.write(eventMessage(event, ids))) await call.out.drained();
      count -= 1n;
      if (count === 0n || call.over.aborted) return;
    }
    if (!more) break;
  }
  if (!isEmpty || scope.kind === 'all' || call.over.aborted) return;
  if (!(await isReadable(db, scope.stream))) call.out.write(streamNotFoundReply(scope.stream));
};
