import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  NO_STREAM,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  appendPaths,
  event,
  events,
  idsOf,
  newStream,
  next,
  record,
  startTestStore,
  type TestStore,
  unary,
} from './harness.ts';

let store: TestStore;
beforeEach(async () => {
  store = await startTestStore();
});
afterEach(() => store.stop());

const write = async (stream: string, count: number) => {
  const proposed = events(count);
  await store.client.appendToStream(stream, proposed, { ...unary, expectedRevision: 'any' });
  return idsOf(proposed);
};

describe('A subscription to $all', () => {
  test('delivers the stored events, reports that it has caught up, and then delivers new events', async () => {
    const stored = [...(await write(newStream(), 700)), ...(await write(newStream(), 3))];
    const subscription = store.client.subscribeToAll();
    const recording = record(subscription);
    let receivedAtCaughtUp = 0;
    subscription.once('caughtUp', () => {
      receivedAtCaughtUp = recording.received.length;
    });
    await next(subscription, 'caughtUp');
    expect(receivedAtCaughtUp).toBe(703);
    const after = await write(newStream(), 2);
    await recording.atLeast(705);
    expect(idsOf(recording.received)).toEqual([...stored, ...after]);
  });

  test('from a position begins after the event there', async () => {
    const ids = await write(newStream(), 4);
    const first = record(store.client.subscribeToAll());
    await first.atLeast(4);
    const fromPosition = first.received[1]?.position as Position;
    const resumed = record(store.client.subscribeToAll({ fromPosition }));
    await resumed.atLeast(2);
    expect(idsOf(resumed.received)).toEqual(ids.slice(2));
  });

  test('from the end delivers exactly the events after its confirmation', async () => {
    await write(newStream(), 3);
    const subscription = store.client.subscribeToAll({ fromPosition: END });
    const recording = record(subscription);
    await next(subscription, 'confirmation');
    const ids = await write(newStream(), 2);
    await recording.atLeast(2);
    expect(idsOf(recording.received)).toEqual(ids);
  });

  test('delivers every event exactly once while many clients write, wherever it starts', async () => {
    const perWriter = 40;
    const writers = Array.from({ length: 24 }, async (_, n) => {
      const stream = newStream();
      for (let revision = 0; revision < perWriter; revision += 1) {
        await store.client.appendToStream(stream, [event(), event()], {
          ...appendPaths[n % 2]?.by,
          expectedRevision: revision === 0 ? NO_STREAM : BigInt(2 * revision - 1),
        });
      }
    });
    const total = 24 * perWriter * 2;
    const whole = record(store.client.subscribeToAll());
    await whole.atLeast(300);
    const late = record(store.client.subscribeToAll());
    const fromPosition = whole.received[200]?.position as Position;
    const resumed = record(store.client.subscribeToAll({ fromPosition }));
    await Promise.all([...writers, whole.atLeast(total), late.atLeast(total), resumed.atLeast(total - 201)]);
    // One more event at the end. A repeated event would arrive before it.
    const [last = ''] = await write(newStream(), 1);
    await Promise.all(
      [whole, late, resumed].map(({ received, until }) => until(() => received.some(({ id }) => id === last))),
    );
    const ids = idsOf(whole.received);
    expect(ids).toHaveLength(total + 1);
    expect(new Set(ids).size).toBe(total + 1);
    expect(idsOf(late.received)).toEqual(ids);
    expect(idsOf(resumed.received)).toEqual(ids.slice(201));
  });

  test('delivers all events to a slow reader in order, and does not delay other readers', async () => {
    const subscription = store.client.subscribeToAll();
    const slow: string[] = [];
    const iterator = subscription[Symbol.asyncIterator]();
    const large = { ...jsonEvent({ type: 'Large', data: { text: 'x'.repeat(20_000) } }) };
    const ids: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      const proposed = Array.from({ length: 40 }, () => ({ ...large, id: crypto.randomUUID() }));
      ids.push(...idsOf(proposed));
      await store.client.appendToStream('license-large', proposed, { ...unary, expectedRevision: 'any' });
    }
    const fast = record(store.client.subscribeToAll());
    await fast.atLeast(ids.length);
    while (slow.length < ids.length) {
      const { value } = await iterator.next();
      if (value?.event) slow.push(value.event.id);
    }
    expect(slow).toEqual(ids);
    expect(idsOf(fast.received)).toEqual(ids);
  });
});

describe('A filtered subscription to $all', () => {
  test('by stream prefixes delivers the streams that begin with one of them', async () => {
    const licenses = await write('license-1', 2);
    await write('organization-1', 2);
    const seats = await write('seat-1', 1);
    await write('my-license-1', 1);
    const filter = streamNameFilter({ prefixes: ['license-', 'seat-'] });
    const subscription = store.client.subscribeToAll({ filter });
    const recording = record(subscription);
    await next(subscription, 'caughtUp');
    expect(idsOf(recording.received)).toEqual([...licenses, ...seats]);
  });

  test.each([
    ['an event type prefix', eventTypeFilter({ prefixes: ['Counted'] })],
    ['the client’s excludeSystemEvents', excludeSystemEvents()],
    ['a regex on stream names', streamNameFilter({ regex: '^license-\\d+$' })],
  ])('by %s delivers only the events that match', async (_, filter) => {
    const ids = await write('license-1', 2);
    await store.client.appendToStream('$system', jsonEvent({ type: '$ping', data: {} }), unary);
    const subscription = store.client.subscribeToAll({ filter });
    const recording = record(subscription);
    await next(subscription, 'caughtUp');
    expect(idsOf(recording.received)).toEqual(ids);
  });

  test('by a regex that only .NET supports is refused, and the error says why', async () => {
    const subscription = store.client.subscribeToAll({ filter: eventTypeFilter({ regex: '(?>a)' }) });
    expect(await next(subscription, 'error')).toMatchObject({
      message: expect.stringMatching(/INVALID_ARGUMENT.*JavaScript has no atomic groups, at character 1.*Use prefixes/),
    });
  });

  test('reports its position after every search window and when it has caught up', async () => {
    await write('organization-1', 25);
    const checkpoints: bigint[] = [];
    const filter = streamNameFilter({
      prefixes: ['license-'],
      maxSearchWindow: 5,
      checkpointInterval: 2,
      checkpointReached: (_, position) => {
        checkpoints.push(position.commit);
      },
    });
    const subscription = store.client.subscribeToAll({ filter });
    const recording = record(subscription);
    await next(subscription, 'caughtUp');
    const everything = record(store.client.subscribeToAll());
    await everything.atLeast(25);
    const positionOf = (n: number) => everything.received[n - 1]?.position?.commit;
    expect(checkpoints).toEqual([positionOf(10), positionOf(20), positionOf(25)]);

    const fromPosition = { commit: checkpoints[2] ?? 0n, prepare: checkpoints[2] ?? 0n };
    const ids = await write('license-1', 1);
    const resumed = record(store.client.subscribeToAll({ fromPosition, filter }));
    await Promise.all([resumed.atLeast(1), recording.atLeast(1)]);
    expect(idsOf(resumed.received)).toEqual(ids);
    expect(idsOf(recording.received)).toEqual(ids);
  });
});

describe('A subscription to a stream', () => {
  test('delivers the stored and the new events of that stream only', async () => {
    const stream = newStream();
    const stored = await write(stream, 600);
    await write(`${stream}-other`, 2);
    const recording = record(store.client.subscribeToStream(stream, { fromRevision: START }));
    await recording.atLeast(600);
    await write(`${stream}-other`, 2);
    const after = await write(stream, 2);
    await recording.atLeast(602);
    expect(idsOf(recording.received)).toEqual([...stored, ...after]);
  });

  test('from a revision begins after it, and from the end begins with new events', async () => {
    const stream = newStream();
    const ids = await write(stream, 3);
    const resumed = record(store.client.subscribeToStream(stream, { fromRevision: 0n }));
    const live = store.client.subscribeToStream(stream, { fromRevision: END });
    const tail = record(live);
    await next(live, 'confirmation');
    const after = await write(stream, 1);
    await Promise.all([resumed.atLeast(3), tail.atLeast(1)]);
    expect(idsOf(resumed.received)).toEqual([...ids.slice(1), ...after]);
    expect(idsOf(tail.received)).toEqual(after);
  });

  test('that does not exist yet waits for its events', async () => {
    const stream = newStream();
    const subscription = store.client.subscribeToStream(stream);
    const recording = record(subscription);
    await next(subscription, 'caughtUp');
    const ids = await write(stream, 2);
    await recording.atLeast(2);
    expect(idsOf(recording.received)).toEqual(ids);
  });
});
