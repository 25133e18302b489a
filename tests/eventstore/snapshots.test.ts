import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { License } from '../../src/domain/license/license.ts';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { createSnapshotKeeper, noKeeper } from '../../src/eventstore/snapshots/snapshot-keeper.ts';
import type { Snapshots } from '../../src/eventstore/snapshots/snapshots.ts';
import { createStreamSnapshots } from '../../src/records/stream-snapshots.ts';
import { activateDevice, context, send } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { testInFull } from '../support/in-full.ts';
import { testHash } from '../support/license-fixtures.ts';
import { countingReads, longLicense } from '../support/long-license.ts';
import { createReadModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const { licenseId, log } = longLicense(sized(1_600, 1_100));

let database: Awaited<ReturnType<typeof createReadModels>>;
let snapshots: Snapshots;
const stores: RunningStore[] = [];

beforeAll(async () => {
  database = await createReadModels();
  snapshots = createStreamSnapshots(database.api);
});
afterEach(() => database.superuser.query('truncate ops.stream_snapshots'));
afterAll(async () => {
  await Promise.all(stores.map((store) => store.stop()));
  await database.drop();
});

/** Starts a store with these events. */
const storeWith = async (events: readonly Recorded[]): Promise<EventStore> => {
  const running = await startStore([events]);
  stores.push(running);
  return running.connect();
};

/** Starts a process with an empty cache. `errors`: the failures of snapshots. */
const startProcess = (from: EventStore, ownSnapshots = snapshots) => {
  const { reads, store } = countingReads(from);
  const errors: string[] = [];
  const keeper = createSnapshotKeeper({ snapshots: ownSnapshots, onError: (error) => errors.push(String(error)) });
  const executor = createExecutor({ store, keeper });
  const read = async (aggregate: typeof licenseAggregate = licenseAggregate) => {
    const state = await executor.read(aggregate, licenseId, (license) => structuredCopy(license));
    await keeper.settled();
    return state;
  };
  const activate = async (device: string, sent = context(), seconds = 100_000) => {
    const command = activateDevice(device, seconds);
    const done = await send(executor, licenseAggregate, licenseId, command, sent, structuredCopy);
    if ('rejected' in done) throw new Error(done.detail);
    await keeper.settled();
    return done;
  };
  return { reads, errors, read, activate, executor, keeper };
};

/** Returns a copy as plain data, because the license goes on changing. */
const structuredCopy = (license: License): unknown =>
  Object.fromEntries(Object.entries(license).map(([name, value]) => [name, isIterable(value) ? [...value] : value]));

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

/** Returns the state that a process without snapshots reads. */
const folded = (store: EventStore) =>
  createExecutor({ store, keeper: noKeeper }).read(licenseAggregate, licenseId, structuredCopy);

const wholes = async () =>
  (
    await database.superuser.query<{ revision: string }>(
      'select revision from ops.stream_snapshots where whole is not null order by revision',
    )
  ).rows.map(({ revision }) => Number(revision));

describe('A process that opens a long stream', () => {
  test('reads only the events after the last snapshot of another process, and gets the same state', async () => {
    const store = await storeWith(log);
    const first = startProcess(store);
    const state = await first.read();
    expect(first.reads.count).toBe(log.length);
    const second = startProcess(store);
    expect(await second.read()).toEqual(state);
    expect(state).toEqual(await folded(store));
    expect(second.reads.count).toBeLessThan(800);
    expect([first.errors, second.errors]).toEqual([[], []]);
  });

  test('continues the chain and remembers the commands when two processes take turns', async () => {
    const store = await storeWith(log);
    const repeated = context();
    const one = startProcess(store);
    await one.activate('first device', repeated);
    const other = startProcess(store);
    const again = await other.activate('first device', repeated);
    expect(again.outcome).toBe('repeated');
    for (let turn = 0; turn < 30; turn++) await [one, other][turn % 2]?.activate(`device of turn ${turn}`);
    expect(await startProcess(store).read()).toEqual(await folded(store));
  });

  test('takes a snapshot after 500 events, and none before', async () => {
    const store = await storeWith(log.slice(0, 490));
    const process = startProcess(store);
    await process.read();
    expect(await wholes()).toEqual([]);
    for (let device = 0; device < 15; device++) await process.activate(`late device ${device}`);
    expect(await wholes()).toEqual([499]);
    const next = startProcess(store);
    await next.read();
    expect(next.reads.count).toBeLessThan(150);
  });
});

describe('A snapshot is ignored', () => {
  test('when another version of the fold took it, and processes of both versions can run at the same time', async () => {
    const store = await storeWith(log);
    const older = { ...licenseAggregate, snapshots: { ...licenseAggregate.snapshots, fold: 'license-0' } };
    await startProcess(store).read(older);
    const process = startProcess(store);
    expect(await process.read()).toEqual(await folded(store));
    expect(process.reads.count).toBe(log.length);
    const [again, againOlder] = [startProcess(store), startProcess(store)];
    await Promise.all([again.read(), againOlder.read(older)]);
    expect(Math.max(again.reads.count, againOlder.reads.count)).toBeLessThan(800);
  });

  test('when it is ahead of a log that was restored to an earlier point, and an earlier snapshot is used', async () => {
    await startProcess(await storeWith(log)).read();
    const [earlier, later] = await wholes();
    const restored = await storeWith(log.slice(0, (earlier ?? 0) + 50));
    const process = startProcess(restored);
    expect(await process.read()).toEqual(await folded(restored));
    expect(process.reads.count).toBeLessThan(300);
    expect(await wholes()).not.toContain(later);
    await process.activate('device after the restore');
    expect(await startProcess(restored).read()).toEqual(await folded(restored));
  });

  testInFull('when it belongs to a log that continued differently after a restore', async () => {
    const [store, other] = [await storeWith(log), await storeWith(longLicense(log.length, sized(1_000, 700)).log)];
    for (const current of [store, other, store]) {
      const process = startProcess(current);
      const plain = await folded(current);
      expect(await process.read()).toEqual(plain);
    }
    expect(await folded(store)).not.toEqual(await folded(other));
  });

  test('when its bytes are garbage, cut off or changed', async () => {
    const store = await storeWith(log);
    await startProcess(store).read();
    const damages = [
      `whole = decode('00', 'hex')`,
      'whole = substr(whole, 1, octet_length(whole) - 3)',
      `whole = set_byte(whole, octet_length(whole) / 2, 255 - get_byte(whole, octet_length(whole) / 2))`,
    ];
    for (const damage of damages) {
      await database.superuser.query(`update ops.stream_snapshots set ${damage} where whole is not null`);
      const process = startProcess(store);
      expect(await process.read()).toEqual(await folded(store));
      expect(process.reads.count).toBeGreaterThan(log.length);
      expect(process.errors).not.toEqual([]);
    }
  });

  test('when the database fails, and commands read the stream from the log', async () => {
    const store = await storeWith(log);
    const fail = () => Promise.reject(new Error('The database is down.'));
    const process = startProcess(store, { newest: fail, since: fail, save: fail, discard: fail });
    expect(await process.read()).toEqual(await folded(store));
    expect((await process.activate('device')).outcome).toBe('appended');
    expect(process.errors).toContain('Error: The database is down.');
  });

  test('when its hash differs from that of the event, and the next event links to the event', async () => {
    const store = await storeWith(log);
    await startProcess(store).read();
    await database.superuser.query('update ops.stream_snapshots set hash = decode($1, $2)', [testHash('x'), 'hex']);
    const process = startProcess(store);
    await process.activate('device');
    expect(await startProcess(store).read()).toEqual(await folded(store));
  });
});
