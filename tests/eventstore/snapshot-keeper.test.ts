import { describe, expect, test, vi } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { open } from '../../src/eventstore/executor/folded.ts';
import { createSaveQueue } from '../../src/eventstore/snapshots/save-queue.ts';
import { createSnapshotKeeper, type SnapshotKeeper } from '../../src/eventstore/snapshots/snapshot-keeper.ts';
import { type Snapshot, type Snapshots, SnapshotsUnavailable } from '../../src/eventstore/snapshots/snapshots.ts';
import type { ToSave } from '../../src/eventstore/snapshots/waiting-snapshots.ts';
import { longLicense, streamOf } from '../support/long-license.ts';

const { licenseId, log } = longLicense(2_000);

const noSnapshots: Snapshots = {
  newest: async () => null,
  since: async () => [],
  save: async () => {},
  discard: async () => {},
};

/** A store in memory with the first `events` of the stream. `before` runs before each page. */
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

  test('have no gap and end with a whole state, even when saving takes longer than folding', async () => {
    const saved: Snapshot[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const save: Snapshots['save'] = async (_key, snapshots) => {
      await released;
      saved.push(...snapshots);
    };
    const keeper = createSnapshotKeeper({ snapshots: { ...noSnapshots, save } });
    await openStream(storeOf(events), keeper);
    release();
    await keeper.settled();
    expectComplete(saved);
  });

  test('have no gap and end with a whole state, even when whole states are rare because each takes long to write', async () => {
    const saved: Snapshot[] = [];
    const save: Snapshots['save'] = async (_key, snapshots) => void saved.push(...snapshots);
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

test('Snapshots that could not be saved while the database was down are saved with the next ones', async () => {
  const errors: string[] = [];
  const saved: bigint[] = [];
  let isDown = true;
  let calls = 0;
  const keeper = createSnapshotKeeper({
    snapshots: {
      ...noSnapshots,
      save: async (_key, snapshots) => {
        calls += 1;
        if (isDown) throw new SnapshotsUnavailable('The database is down.');
        saved.push(...snapshots.map(({ revision }) => revision));
      },
    },
    onError: (error) => errors.push(String(error)),
  });
  await openStream(storeOf(2_000), keeper);
  await keeper.settled();
  expect(errors).toContain('SnapshotsUnavailable: The database is down.');
  // Each new snapshot makes one call. The queue does not retry by itself.
  expect(calls).toBeLessThanOrEqual(5);
  isDown = false;
  await openStream(storeOf(2_000), keeper);
  await keeper.settled();
  expect(saved).toEqual(expect.arrayContaining([499n, 999n, 1_499n, 1_999n]));
});

const toSave = (stream: string, revision: number, isGood = true): ToSave => ({
  key: { issuerOrgId: 'org_1', stream, fold: 'f1' },
  stretch: {
    revision: BigInt(revision),
    eventId: 'e',
    hash: 'h',
    recordedAt: '2026-01-01T00:00:00.000Z',
    previousRevision: -1n,
    previousHash: '',
    earliestAt: '2026-01-01T00:00:00.000Z',
  },
  facts: { revision },
  // A snapshot cannot contain a Date.
  whole: { state: isGood ? {} : { at: new Date(0) }, commands: new Map() },
});

const startQueue = (save: Snapshots['save'] = async () => {}) => {
  const saved: string[] = [];
  const errors: string[] = [];
  const queue = createSaveQueue(
    {
      save: async (key, snapshots) => {
        await save(key, snapshots);
        saved.push(
          ...snapshots.map(({ revision, whole }) => `${key.stream} ${revision}${whole === null ? '' : ' whole'}`),
        );
      },
    },
    (error, stream) => errors.push(`${stream}: ${error}`),
  );
  return { queue, saved, errors };
};

describe('A snapshot that can never be saved', () => {
  test('does not delay other streams, and is saved without its state that cannot be written', async () => {
    const { queue, saved, errors } = startQueue();
    queue.add(toSave('bad', 500, false));
    queue.add(toSave('good', 500));
    await queue.settled();
    expect(saved).toEqual(['good 500 whole', 'bad 500']);
    expect(errors).toHaveLength(2);
  });

  test('is dropped after three failures', async () => {
    const { queue, saved, errors } = startQueue(async ({ stream }) => {
      if (stream === 'bad') throw new Error('canceling statement due to statement timeout');
    });
    for (const revision of [500, 1_000]) {
      queue.add(toSave('bad', revision));
      queue.add(toSave('good', revision));
    }
    await queue.settled();
    expect(saved).toEqual(['good 500', 'good 1000 whole']);
    expect(errors.length).toBeLessThanOrEqual(6);
    expect(queue.wholes()).toBe(0);
  });
});

test('At most the newest hundred snapshots wait, and one whole state of each stream', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { queue, saved } = startQueue(() => released);
  for (let revision = 1; revision <= 300; revision++) queue.add(toSave('long', revision));
  expect(queue.wholes()).toBe(1);
  release();
  await queue.settled();
  const newest = Array.from({ length: 100 }, (_, index) => `long ${201 + index}${index === 99 ? ' whole' : ''}`);
  expect(saved).toEqual(['long 1 whole', ...newest]);
});

test('Waiting for the snapshots of one stream does not wait for another stream, and ends in time', async () => {
  const keeper = createSnapshotKeeper({ snapshots: { ...noSnapshots, save: () => new Promise(() => {}) } });
  await openStream(storeOf(500), keeper);
  await keeper.settledFor('license-other', 60_000);
  await keeper.settledFor(streamOf(licenseId), 10);
});
