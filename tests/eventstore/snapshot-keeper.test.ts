import { describe, expect, test, vi } from 'vitest';
import { licenseAggregate } from '../../src/eventstore/aggregate.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { open } from '../../src/eventstore/folded.ts';
import { createSnapshotKeeper, type SnapshotKeeper } from '../../src/eventstore/snapshot-keeper.ts';
import type { Snapshot, Snapshots } from '../../src/eventstore/snapshots.ts';
import { longLicense, streamOf } from '../support/long-license.ts';

const { licenseId, log } = longLicense(2_000);

const noSnapshots: Snapshots = {
  newest: async () => null,
  since: async () => [],
  save: async () => {},
  discard: async () => {},
};

/** The first `events` of the stream, in memory. `before`: waited for before each page. */
const storeOf = (events: number, before: () => Promise<void> = async () => {}): Pick<EventStore, 'read'> => ({
  read: async (_stream, from = 0n, count = events) => {
    await before();
    const page = log.slice(0, events).slice(Number(from), Number(from) + count);
    return { events: page, revision: BigInt(events - 1) };
  },
});

const openStream = (store: Pick<EventStore, 'read'>, keeper: SnapshotKeeper) =>
  open({ store, keeper }, licenseAggregate, streamOf(licenseId));

describe.each([500, 999, 1_000, 1_750, 2_000])('The snapshots of a stream of %i events', (events) => {
  const expectComplete = (saved: readonly Snapshot[]) => {
    const byRevision = new Map(saved.map((snapshot) => [snapshot.revision, snapshot]));
    const inOrder = [...byRevision.values()].toSorted((a, b) => Number(a.revision - b.revision));
    expect(inOrder.map(({ previousRevision }) => previousRevision)).toEqual([
      -1n,
      ...inOrder.slice(0, -1).map(({ revision }) => revision),
    ]);
    const whole = saved.filter((snapshot) => snapshot.whole !== null).at(-1);
    expect(Number(whole?.revision)).toBeGreaterThanOrEqual(events - 500);
    for (const snapshot of saved) expect(snapshot.facts).not.toBeNull();
  };

  test('describe it without a gap and end with its whole state, although saving takes longer than folding', async () => {
    const saved: Snapshot[] = [];
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const save: Snapshots['save'] = async (_key, some) => {
      await held;
      saved.push(...some);
    };
    const keeper = createSnapshotKeeper({ snapshots: { ...noSnapshots, save } });
    await openStream(storeOf(events), keeper);
    letGo();
    await keeper.settled();
    expectComplete(saved);
  });

  test('do so as well when whole states are written rarely, because each takes long', async () => {
    const saved: Snapshot[] = [];
    const save: Snapshots['save'] = async (_key, some) => void saved.push(...some);
    const keeper = createSnapshotKeeper({ snapshots: { ...noSnapshots, save } });
    let clockMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      clockMs += 1_000;
      return clockMs;
    });
    await openStream(
      storeOf(events, () => keeper.settled()),
      keeper,
    );
    await keeper.settled();
    expectComplete(saved);
  });
});

test('Snapshots that could not be saved are saved with the next ones, in the order of the stream', async () => {
  const errors: string[] = [];
  const saved: bigint[] = [];
  let isAway = true;
  const keeper = createSnapshotKeeper({
    snapshots: {
      ...noSnapshots,
      save: async (_key, some) => {
        if (isAway) throw new Error('The database is away.');
        saved.push(...some.map(({ revision }) => revision));
      },
    },
    onError: (error) => errors.push(String(error)),
  });
  await openStream(storeOf(2_000), keeper);
  await keeper.settled();
  expect(errors).toContain('Error: The database is away.');
  isAway = false;
  await openStream(storeOf(2_000), keeper);
  await keeper.settled();
  expect(saved.slice(0, 4)).toEqual([499n, 999n, 1_499n, 1_999n]);
});
