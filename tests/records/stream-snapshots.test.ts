import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Snapshot, SnapshotKey, Snapshots } from '../../src/eventstore/snapshots/snapshots.ts';
import { createStreamSnapshots } from '../../src/records/stream-snapshots.ts';
import { rival, testHash, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
let snapshots: Snapshots;
let streams = 0;

beforeAll(async () => {
  database = await createReadModels();
  snapshots = createStreamSnapshots(database.api);
});
afterAll(() => database.drop());

const newKey = (issuerOrgId = vendor): SnapshotKey => {
  streams += 1;
  return { issuerOrgId, stream: `license-${streams}`, fold: 'license-1' };
};

/** Returns a snapshot at the event `revision`, ten events after the previous one. */
const snapshot = (revision: number, has: { facts?: string; whole?: string } = {}): Snapshot => ({
  revision: BigInt(revision),
  eventId: `event ${revision}`,
  hash: testHash(`${revision}`),
  recordedAt: testInstant(revision),
  previousRevision: BigInt(revision - 10),
  previousHash: testHash(`${revision - 10}`),
  earliestAt: testInstant(revision - 12),
  facts: has.facts === undefined ? null : Buffer.from(has.facts),
  whole: has.whole === undefined ? null : Buffer.from(has.whole),
});

const asText = (bytes: Uint8Array | null | undefined) => (bytes ? Buffer.from(bytes).toString() : null);

describe('Snapshots of a stream', () => {
  test('are read as they were saved', async () => {
    const key = newKey();
    const saved = snapshot(10, { facts: 'facts', whole: 'whole' });
    await snapshots.save(key, [saved]);
    const { whole, facts, ...stretch } = saved;
    const newest = await snapshots.newest(key, null);
    expect({ ...newest, whole: asText(newest?.whole) }).toEqual({
      revision: 10n,
      eventId: 'event 10',
      hash: testHash('10'),
      whole: asText(whole),
    });
    expect(await snapshots.since(key, testInstant(10))).toEqual([{ ...stretch, facts }]);
    expect(await snapshots.newest({ ...key, fold: 'license-2' }, null)).toBeNull();
    expect(await snapshots.newest({ ...key, stream: 'license-0' }, null)).toBeNull();
  });

  test('keep the newest two whole states, and the facts of all', async () => {
    const key = newKey();
    for (const at of [10, 20, 30]) await snapshots.save(key, [snapshot(at, { facts: 'f', whole: `whole ${at}` })]);
    expect(asText((await snapshots.newest(key, null))?.whole)).toBe('whole 30');
    expect(asText((await snapshots.newest(key, 30n))?.whole)).toBe('whole 20');
    expect(await snapshots.newest(key, 20n)).toBeNull();
    expect(await snapshots.since(key, testInstant(0))).toHaveLength(3);
  });

  test('without facts disappear with their whole states', async () => {
    const key = newKey();
    for (const at of [10, 20, 30, 40]) await snapshots.save(key, [snapshot(at, { whole: 'whole' })]);
    expect((await snapshots.since(key, testInstant(0))).map(({ revision }) => revision)).toEqual([30n, 40n]);
  });

  test('are returned from the last one before an instant on, and only that one with its facts', async () => {
    const key = newKey();
    await snapshots.save(
      key,
      [10, 20, 30].map((at) => snapshot(at, { facts: `facts ${at}` })),
    );
    const since = async (seconds: number) =>
      (await snapshots.since(key, testInstant(seconds))).map(({ revision, facts }) => [revision, asText(facts)]);
    expect(await since(25)).toEqual([
      [20n, 'facts 20'],
      [30n, null],
    ]);
    expect(await since(30)).toEqual([[30n, 'facts 30']]);
    expect(await since(9)).toEqual([
      [10n, null],
      [20n, null],
      [30n, null],
    ]);
  });

  test('keep their whole state when another process saves only the facts of the same event', async () => {
    const key = newKey();
    await snapshots.save(key, [snapshot(10, { facts: 'f', whole: 'whole' })]);
    await snapshots.save(key, [snapshot(10, { facts: 'f' })]);
    expect(asText((await snapshots.newest(key, null))?.whole)).toBe('whole');
    await snapshots.save(key, [{ ...snapshot(10, { facts: 'f' }), hash: testHash('another log') }]);
    expect(await snapshots.newest(key, null)).toBeNull();
  });

  test('are discarded from an event on', async () => {
    const key = newKey();
    await snapshots.save(
      key,
      [10, 20, 30].map((at) => snapshot(at, { facts: 'f' })),
    );
    await snapshots.discard(key, 20n);
    expect((await snapshots.since(key, testInstant(0))).map(({ revision }) => revision)).toEqual([10n]);
  });

  test('are invisible to another organization', async () => {
    const key = newKey(vendor);
    await snapshots.save(key, [snapshot(10, { whole: 'whole' })]);
    expect(await snapshots.newest({ ...key, issuerOrgId: rival }, null)).toBeNull();
  });
});
