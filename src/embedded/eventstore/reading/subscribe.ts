import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { CommitNotifier } from '../commit-notifier.ts';
import type { Faults } from '../faults.ts';
import { eventAdder } from './add-event.ts';
import { isReadable } from './hidden-events.ts';
import { requirePosition } from './invalid-position.ts';
import { beforeAll, cursorOf, readBulkPage, readHead, readPage } from './pages.ts';
import type { ReadCall } from './read-call.ts';
import { caughtUpReply, checkpointReply, confirmationReply } from './read-replies.ts';
import type { Subscribe } from './read-request.ts';

type Needs = {
  readonly db: Pool;
  readonly notifier: CommitNotifier;
  readonly faults: Faults;
  /** The clock of the store, in milliseconds since 1970. */
  readonly nowMs: () => number;
};

/**
 * Sends the events after the cursor, then new events, in order and each once, until the call ends. Throws a
 * refusal when the stream has a tombstone. It reads all events
 * from the log; the notifier only tells when to read again.
 */
export const followLog = async (call: ReadCall, plan: Subscribe, needs: Needs): Promise<void> => {
  const { db, notifier, faults, nowMs } = needs;
  const { scope, filter } = plan;
  const add = eventAdder(call.replies, plan, needs);
  const listener = notifier.listen(scope.kind === 'stream' ? scope.stream : undefined);
  call.over.addEventListener('abort', listener.leave, { once: true });
  faults.openSubscriptions.add(call.end);
  try {
    if (scope.kind === 'all' && plan.cursor !== undefined) await requirePosition(db, plan.cursor);
    // The cursor is known before the confirmation. So the client receives every event that is written after it.
    let cursor = plan.cursor ?? (await readHead(db, scope)) ?? beforeAll;
    call.replies.add(confirmationReply(randomUUID()));
    await call.replies.send();

    let live = false;
    let scanned = 0;
    let checkpoint = cursor;
    while (!call.over.aborted) {
      const range = { direction: 'forwards', cursor, nowMs: nowMs(), over: call.over } as const;
      const isBulk = scope.kind === 'all' && !live;
      const page = await (isBulk ? readBulkPage(db, range) : readPage(db, scope, range));
      if (call.over.aborted) return;
      // A tombstone hides all events, and ends the subscription.
      if (page.events.length === 0 && scope.kind === 'stream') await isReadable(db, scope.stream);
      let hung = false;
      for (const event of page.events) {
        while (faults.subscriptionsHang && !call.over.aborted) {
          hung = true;
          await call.replies.send();
          await listener.notified();
        }
        if (call.over.aborted) return;
        cursor = cursorOf(scope, event);
        const isMatch = !filter || filter.matches(event);
        const resting = filter?.rest();
        if (resting !== undefined) await Promise.all([call.replies.send(), resting]);
        const sending = isMatch ? add(event) : undefined;
        if (sending !== undefined) await sending;
        scanned += 1;
        if (filter && scanned % filter.checkpointEvery === 0) {
          checkpoint = cursor;
          call.replies.add(checkpointReply(checkpoint));
        }
      }
      await call.replies.send();
      // A notification during the hang may be about events that this page does not have.
      if (page.more || hung) {
        if (page.more) live = false;
        continue;
      }
      if (!live) {
        live = true;
        if (filter && cursor !== checkpoint) {
          checkpoint = cursor;
          call.replies.add(checkpointReply(checkpoint));
        }
        call.replies.add(caughtUpReply());
        await call.replies.send();
      }
      await listener.notified();
    }
  } finally {
    faults.openSubscriptions.delete(call.end);
    listener.leave();
  }
};
