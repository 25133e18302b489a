import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import { type LicenseThen, licenseAsOf } from '../../../src/application/reading/as-of.ts';
import { evolveFacts } from '../../../src/domain/license/evolve.ts';
import { isRepair } from '../../../src/eventstore/chain/repair-event.ts';
import type { EventStore, Recorded } from '../../../src/eventstore/event-store.ts';
import { createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { createSnapshotKeeper } from '../../../src/eventstore/snapshots/snapshot-keeper.ts';
import type { Snapshots } from '../../../src/eventstore/snapshots/snapshots.ts';
import { createStreamSnapshots } from '../../../src/records/stream-snapshots.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { countingReads, longLicense } from '../../support/long-license.ts';
import { createReadModels } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

const { licenseId, log } = longLicense(2_700);

let database: Awaited<ReturnType<typeof createReadModels>>;
let snapshots: Snapshots;
let store: EventStore;
const stores: RunningStore[] = [];

beforeAll(async () => {
  database = await createReadModels();
  snapshots = createStreamSnapshots(database.api);
  store = await storeWith(log);
});
afterEach(() => database.superuser.query('truncate ops.stream_snapshots'));
afterAll(async () => {
  await Promise.all(stores.map((each) => each.stop()));
  await database.drop();
});

const storeWith = async (events: readonly Recorded[]): Promise<EventStore> => {
  const running = await startStore([events]);
  stores.push(running);
  return running.connect();
};

const startProcess = (from: EventStore) => {
  const counted = countingReads(from);
  const keeper = createSnapshotKeeper({ snapshots });
  const executor = createExecutor({ store: counted.store, keeper });
  const needs = { store: counted.store, keeper, executor };
  return {
    reads: counted.reads,
    asOf: (instant: string, signal?: AbortSignal) => licenseAsOf(needs, licenseId, instant, signal),
  };
};

/** The whole stream, folded event by event. Tests that compare with the same instant share the fold. */
const plainly = (events: readonly Recorded[], asOf: string): LicenseThen | null => {
  const folds = plainFolds.get(events) ?? new Map<string, LicenseThen | null>();
  plainFolds.set(events, folds);
  const then = folds.get(asOf);
  if (then !== undefined) return then;
  const folded = fold(events, asOf);
  folds.set(asOf, folded);
  return folded;
};
const plainFolds = new Map<readonly Recorded[], Map<string, LicenseThen | null>>();

const fold = (events: readonly Recorded[], asOf: string): LicenseThen | null =>
  decoded(events).reduce<LicenseThen | null>((then, { event, at }, revision) => {
    if (isRepair(event) || (at.recordedAt > asOf && at.effectiveAt > asOf)) return then;
    const facts = evolveFacts(then?.facts ?? null, event, at);
    return facts === null ? then : { facts, revision: BigInt(revision), recorded: true, isDerived: false };
  }, null);

const decode = (events: readonly Recorded[]) => events.map(licenseAggregate.decode);
const known = new Map<readonly Recorded[], ReturnType<typeof decode>>();
const decoded = (events: readonly Recorded[]) => {
  const found = known.get(events) ?? decode(events);
  known.set(events, found);
  return found;
};

const instantOf = ({ metadata }: Recorded, name: 'recordedAt' | 'effectiveAt') => String(metadata[name]);

/** Revisions around the start, the end and the snapshots, and one with a lapse that was recorded after a snapshot. */
const instants = [
  ...[0, 3, 90, 499, 500, 501, 998, 1_000, 1_777, 2_003, 2_501, 2_699].map(
    (revision) => [revision, 'recordedAt'] as const,
  ),
  ...log
    .filter(({ type, revision }) => type === 'LeaseLapsed' && revision % 500n < 8n)
    .map(({ revision }) => [Number(revision), 'effectiveAt'] as const),
].flatMap(([revision, name]) => log.slice(revision, revision + 1).map((recorded) => instantOf(recorded, name)));
const last = instants[11] ?? '';
/**
 * Those of the further tests; in the short run before and after the first snapshot, between two, the last, a late
 * lapse.
 */
const someInstants = instants.filter((_, place) =>
  sized(1, 0) === 1 ? place % 4 === 0 || place > 10 : [0, 5, 8, 11, 13].includes(place),
);

describe('A long license as of an instant', () => {
  test('equals the fold of its whole stream, and little of the stream is read', async () => {
    const backdated = log.filter((recorded) => instantOf(recorded, 'effectiveAt') < instantOf(recorded, 'recordedAt'));
    expect(backdated.length).toBeGreaterThan(100);
    expect(instants.length).toBeGreaterThan(13);
    await startProcess(store).asOf(last);
    const process = startProcess(store);
    for (const instant of instants) {
      process.reads.count = 0;
      expect(await process.asOf(instant)).toEqual(plainly(log, instant));
      expect(process.reads.count).toBeLessThan(1_900);
    }
  });

  test('equals the fold of its stream without snapshots and with missing ones', async () => {
    const process = startProcess(store);
    const [early = ''] = instants.slice(5);
    expect(await process.asOf(early)).toEqual(plainly(log, early));
    await database.superuser.query('delete from ops.stream_snapshots where revision between 900 and 2100');
    for (const instant of someInstants) expect(await process.asOf(instant)).toEqual(plainly(log, instant));
  });

  test('equals the fold of the current log after a restore with another continuation', async () => {
    const other = longLicense(2_700, 1_300).log;
    const otherStore = await storeWith(other);
    await startProcess(store).asOf(last);
    for (const [from, events] of [
      [otherStore, other],
      [store, log],
    ] as const) {
      const process = startProcess(from);
      for (const instant of someInstants) expect(await process.asOf(instant)).toEqual(plainly(events, instant));
    }
    expect(plainly(log, last)).not.toEqual(plainly(other, last));
  });

  test('equals the fold of its stream after a restore to an earlier point', async () => {
    await startProcess(store).asOf(last);
    const shorter = log.slice(0, 1_300);
    const process = startProcess(await storeWith(shorter));
    for (const instant of someInstants) expect(await process.asOf(instant)).toEqual(plainly(shorter, instant));
  });

  test('equals the fold of its stream when a snapshot is damaged', async () => {
    await startProcess(store).asOf(last);
    await database.superuser.query(`update ops.stream_snapshots set facts = substr(facts, 2) where revision < 2000`);
    const process = startProcess(store);
    for (const instant of someInstants) expect(await process.asOf(instant)).toEqual(plainly(log, instant));
  });
});

test('A past that nobody waits for any more is not read to its end', async () => {
  const { asOf, reads } = startProcess(store);
  // Between two snapshots.
  const instant = instants[8] ?? '';
  await asOf(instant);
  const countOf = async (signal?: AbortSignal) => {
    reads.count = 0;
    const outcome = await asOf(instant, signal).catch((error: Error) => error.name);
    return { outcome, count: reads.count };
  };
  const [aborted, whole] = [await countOf(AbortSignal.abort()), await countOf()];
  expect(aborted.outcome).toBe('AbortError');
  expect(aborted.count).toBeLessThan(whole.count);
});
