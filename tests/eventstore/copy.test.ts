import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchServedLog } from '../../src/cli/server/require-open-log.ts';
import { compareLogs } from '../../src/eventstore/copy/compare-logs.ts';
import { copyLog, TargetDiffers } from '../../src/eventstore/copy/copy-log.ts';
import { lastOfPrefixes } from '../../src/eventstore/copy/last-of-prefixes.ts';
import {
  awaitLog,
  awaitOther,
  closeLog,
  completeMove,
  logStream,
  openLog,
  readLogState,
  reopenLog,
} from '../../src/eventstore/copy/log-state.ts';
import { OutcomeUnknown, type Recorded } from '../../src/eventstore/event-store.ts';
import type { ConnectedStore } from '../../src/eventstore/eventstoredb.ts';
import { connectLogReader, type LogReader } from '../../src/eventstore/read-log.ts';
import { newStream, type RunningStore, startStore } from '../support/event-store.ts';

const streamPrefixes = ['license-', 'organization-'];

type End = { readonly running: RunningStore; readonly store: ConnectedStore; readonly reader: LogReader };
const ends: End[] = [];
const open = async (): Promise<End> => {
  const running = await startStore();
  const end = { running, store: running.connect(), reader: connectLogReader({ url: running.url }) };
  ends.push(end);
  return end;
};
const lastOf = ({ running }: End) => lastOfPrefixes(running.url, streamPrefixes);
const copy = (source: End, target: End, store: Pick<ConnectedStore, 'append'> = target.store) =>
  copyLog(
    { store: source.store, readLog: source.reader.read },
    { store, last: () => lastOf(target) },
    { streamPrefixes, pauseMs: 1 },
  );
const all = async ({ store, reader }: End): Promise<readonly Recorded[]> => {
  const upTo = await store.head({ timeoutMs: 5_000 });
  const events: Recorded[] = [];
  if (upTo !== null) for await (const event of reader.read({ streamPrefixes, upTo })) events.push(event);
  return events;
};
const command = (count: number) => {
  const commandId = randomUUID();
  return Array.from({ length: count }, (_, number) => ({
    id: randomUUID(),
    type: 'Noted',
    data: { number, text: 'ä\u2028"', 10: 'a', 2: 'b' },
    metadata: { commandId, $correlationId: commandId },
  }));
};
const later = { timeoutMs: 5_000 };

let source: End;
const [license, organization] = [newStream('license'), newStream('organization')];

beforeAll(async () => {
  source = await open();
  const { store } = source;
  await store.append(license, command(2), 'no_stream', later);
  await store.append(newStream('orders'), command(3), 'no_stream', later);
  await store.append(organization, command(1), 'no_stream', later);
  await store.append(license, [...command(2), ...command(1)], 1n, later);
  await store.append(newStream('orders'), command(1), 'no_stream', later);
});
afterAll(async () => {
  await Promise.all(ends.map(({ reader }) => reader.close()));
  await Promise.all(ends.map(({ running }) => running.stop()));
});

/** Events without their positions, which differ between servers. */
const contents = (events: readonly Recorded[]) => events.map(({ position: _, ...content }) => content);

describe('A copy of a log', () => {
  test('has ids, types, data, metadata, revisions and the order of our streams, and no other stream', async () => {
    const target = await open();
    expect(await copy(source, target)).toBe(6);
    const [originals, copies] = [await all(source), await all(target)];
    expect(contents(copies)).toEqual(contents(originals));
    expect(copies.map(({ data }) => JSON.stringify(data))).toEqual(originals.map(({ data }) => JSON.stringify(data)));
    expect((await compareLogs(from(originals), from(copies))).difference).toBeNull();
  });

  test('keeps the events of one command in one append', async () => {
    const target = await open();
    const appends: number[] = [];
    await copy(source, target, {
      append: (stream, events, ...rest) => {
        appends.push(events.length);
        return target.store.append(stream, events, ...rest);
      },
    });
    expect(appends).toEqual([2, 1, 2, 1]);
  });

  test('goes on where it was interrupted, also when the last answer was lost', async () => {
    const target = await open();
    for (let calls = 1; calls <= 3; calls++) {
      let left = calls;
      const failing: Pick<ConnectedStore, 'append'> = {
        append: async (...args) => {
          if (left-- > 0) return target.store.append(...args);
          if (left < -1) throw new Error('Interrupted.');
          await target.store.append(...args);
          throw new OutcomeUnknown('The answer was lost.');
        },
      };
      await copy(source, target, failing).catch((error: Error) => expect(error.message).toBe('Interrupted.'));
    }
    await copy(source, target);
    expect(contents(await all(target))).toEqual(contents(await all(source)));
  });

  test('takes what was appended since the last one, and nothing when nothing was', async () => {
    const [first, second] = [await open(), await open()];
    const stream = newStream('license');
    await first.store.append(stream, command(2), 'no_stream', later);
    expect(await copy(first, second)).toBe(2);
    expect(await copy(first, second)).toBe(0);
    await first.store.append(stream, command(1), 1n, later);
    await second.store.append(newStream('orders'), command(700), 'no_stream', later);
    expect(await copy(first, second)).toBe(1);
  });

  test('is refused into a store that has other events, and when somebody else appends there', async () => {
    const other = await open();
    await other.store.append(newStream('license'), command(1), 'no_stream', later);
    await expect(copy(source, other)).rejects.toThrow(TargetDiffers);
    const target = await open();
    const intruding: Pick<ConnectedStore, 'append'> = {
      append: async (...args) => {
        if (args[0] === organization) await target.store.append(organization, command(1), 'no_stream', later);
        return target.store.append(...args);
      },
    };
    await expect(copy(source, target, intruding)).rejects.toThrow(/Somebody else appends to the target/);
  });

  test('of an empty log is empty', async () => {
    const [empty, target] = [await open(), await open()];
    expect(await copy(empty, target)).toBe(0);
    await target.store.append(newStream('license'), command(1), 'no_stream', later);
    await expect(copy(empty, target)).rejects.toThrow(TargetDiffers);
  });
});

describe('The comparison of two logs', () => {
  const events = async () => (await all(source)).map((event) => ({ ...event }));

  test.each<[string, (event: Recorded) => Recorded]>([
    ['data', (event) => ({ ...event, data: { ...event.data, number: 99 } })],
    ['metadata', (event) => ({ ...event, metadata: {} })],
    ['type', (event) => ({ ...event, type: 'Other' })],
    ['id', (event) => ({ ...event, id: randomUUID() })],
    ['revision', (event) => ({ ...event, revision: 9n })],
    ['stream', (event) => ({ ...event, stream: 'license-other' })],
  ])('finds another %s', async (_, change) => {
    const changed = (await events()).map((event, index) => (index === 2 ? change(event) : event));
    const { difference, events: equal } = await compareLogs(from(await events()), from(changed));
    expect([equal, difference]).toEqual([2, expect.stringMatching(/^Event 3 is revision 0 of organization-/)]);
  });

  test('finds an event that only one log has, and another order', async () => {
    const list = await events();
    const [first, second, ...rest] = list;
    if (first === undefined || second === undefined) throw new Error('There are no events.');
    const compare = async (a: readonly Recorded[], b: readonly Recorded[]) =>
      (await compareLogs(from(a), from(b))).difference;
    expect(await compare(list, list.slice(0, -1))).toBe('The target has 5 events, and the source has more.');
    expect(await compare(list.slice(0, -1), list)).toBe('The source has 5 events, and the target has more.');
    expect(await compare(list, [second, first, ...rest])).toContain('Event 1 is');
  });
});

describe('The state of a log', () => {
  test('is that of the first log until it moves, and goes with it, there and back', async () => {
    const [one, two] = [await open(), await open()];
    expect(await readLogState(one.store)).toMatchObject({ kind: 'OPEN', id: null });
    const id = await awaitLog(two.store, 'now');
    expect(await awaitLog(two.store, 'again')).toBe(id);
    expect(await readLogState(two.store)).toMatchObject({ kind: 'AWAITED', id, at: 'now', revision: 0n });
    await closeLog(one.store, id, 'now');
    await closeLog(one.store, id, 'later');
    await openLog(two.store, id, 'now');
    await openLog(two.store, id, 'again');
    expect(await readLogState(one.store)).toMatchObject({ kind: 'MOVED', id: null, movedTo: id, at: 'now' });
    expect(await readLogState(two.store)).toMatchObject({ kind: 'OPEN', id, at: 'now', revision: 1n });
    const back = await awaitLog(one.store, 'now');
    await closeLog(two.store, back, 'now');
    await openLog(one.store, back, 'now');
    expect(back).not.toBe(id);
    expect(await readLogState(one.store)).toMatchObject({ kind: 'OPEN', id: back });
    expect(await readLogState(two.store)).toMatchObject({ kind: 'MOVED', id, movedTo: back });
  });

  test('lets nobody open a second target, or one that the move was ended for', async () => {
    const [one, two, three] = [await open(), await open(), await open()];
    const [second, third] = [await awaitLog(two.store, 'now'), await awaitLog(three.store, 'now')];
    await closeLog(one.store, second, 'now');
    await expect(closeLog(one.store, third, 'now')).rejects.toThrow('moves to another store at the same time');
    await awaitOther(two.store, 'now');
    await expect(openLog(two.store, second, 'now')).rejects.toThrow('waits for another log');
    await completeMove(one.store, 'now');
    expect(await readLogState(one.store)).toMatchObject({ kind: 'MOVED', movedTo: second, isComplete: true });
    await reopenLog(three.store, 'now');
    expect(await readLogState(three.store)).toMatchObject({ kind: 'OPEN', id: null });
  });

  test('that nobody can read closes the store', async () => {
    const { store } = await open();
    await store.append(logStream, command(1), 'no_stream', later);
    await expect(readLogState(store)).rejects.toThrow(/Revision 0 of ledger-log cannot be read/);
  });

  test('of two that change it at once is changed by one', async () => {
    const { store } = await open();
    const changes = await Promise.allSettled(['a', 'b', 'c'].map((id) => closeLog(store, id, 'now')));
    expect(changes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

test('A process learns that its log moves away', async () => {
  const { store } = await open();
  const watch = watchServedLog(store, { logId: null, everyMs: 5 });
  await closeLog(store, randomUUID(), '2026-11-30T10:00:00.000Z');
  expect(await watch.closed).toMatch(
    /^The log of this event store has moved to another one since 2026-11-30T10:00:00\.000Z\./,
  );
  watch.stop();
});

async function* from(events: readonly Recorded[]): AsyncGenerator<Recorded> {
  yield* events;
}
