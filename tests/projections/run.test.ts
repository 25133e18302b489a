import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endSubscriptions } from '../../src/embedded/eventstore/faults.ts';
import { startEventStore } from '../../src/embedded/eventstore/server.ts';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import type { Log } from '../../src/postgres/log.ts';
import { readCheckpoint } from '../../src/projections/checkpoint.ts';
import { type Projector, runProjector } from '../../src/projections/run-projector.ts';
import { appendLog } from '../support/append-log.ts';
import { type RunningStore, startOwnStore } from '../support/event-store.ts';
import { testInFull } from '../support/in-full.ts';
import { createLog } from '../support/license-fixtures.ts';
import { startProxy } from '../support/proxy.ts';
import { randomLog } from '../support/random-log.ts';
import { createReadModels, dumpReadModels, emptyReadModels, quiet, readModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const watch = { idleMs: 20, pollMs: 50, silenceMs: 300 };
const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 120_000, interval: 20 });

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

// Each test has its own log.
beforeEach(async () => {
  await emptyReadModels(models.superuser);
  running = await startOwnStore();
  store = running.connect({ watch });
  return () => running.stop();
});

const eventsStored = async () => (await models.superuser.query('select from rm.license_events')).rowCount;
const licenseEventsOf = (log: readonly Recorded[]) => log.filter(({ stream }) => stream.startsWith('license-')).length;

/** Runs a projector during `work`, and waits for its end. */
const projecting = async (
  work: (projector: Projector) => Promise<unknown>,
  options: { store?: EventStore; log?: Log; batchMax?: number } = {},
) => {
  const stop = new AbortController();
  const projector = runProjector({
    store,
    pool: models.projector,
    log: quiet,
    backoffMs: () => 10,
    ...options,
    signal: stop.signal,
  });
  try {
    await work(projector);
  } finally {
    stop.abort();
    await projector.done;
  }
  expect(projector.state()).toEqual({ kind: 'stopped' });
};

/** Returns the rows that the log must make, by projecting it again without disturbance. */
const undisturbed = async (log: readonly Recorded[]) => {
  await emptyReadModels(models.superuser);
  await projecting(() => eventually(eventsStored).toBe(licenseEventsOf(log)));
  return dumpReadModels(models.superuser);
};

describe('The read models stay exact', () => {
  const log = randomLog(sized(6_000), 11);
  const third = Math.floor(log.length / 3);

  /** `disturb` appends the middle third of the log during its disturbance. */
  const holds = async (disturb: (appendMiddle: () => Promise<void>) => Promise<unknown>, followed = store) => {
    const work = async () => {
      await appendLog(store, log.slice(0, third));
      await eventually(eventsStored).toBe(licenseEventsOf(log.slice(0, third)));
      await disturb(() => appendLog(store, log.slice(third, 2 * third)));
      await appendLog(store, log.slice(2 * third));
      await eventually(eventsStored).toBe(licenseEventsOf(log));
    };
    await projecting(work, { store: followed });
    const seen = await dumpReadModels(models.superuser);
    expect(await undisturbed(log)).toEqual(seen);
  };

  test('when the event store ends the subscription', () =>
    holds(async (appendMiddle) => {
      const appended = appendMiddle();
      endSubscriptions(running.server.faults);
      await appended;
      endSubscriptions(running.server.faults);
    }));

  testInFull('when the subscription hangs without an error', () =>
    holds(async (appendMiddle) => {
      const hanging = [...running.server.faults.openSubscriptions];
      running.server.faults.subscriptionsHang = true;
      await appendMiddle();
      await eventually(() => hanging.some((id) => running.server.faults.openSubscriptions.has(id))).toBe(false);
      running.server.faults.subscriptionsHang = false;
    }),
  );

  test('when the connection to the event store is dead without an error', async () => {
    const proxy = await startProxy(running.server.port);
    // A request over a dead connection waits until the client detects that, by default after 20 seconds.
    const alive = 'keepAliveInterval=300&keepAliveTimeout=300';
    const distant = connectEventStore({ url: `esdb://127.0.0.1:${proxy.port}?tls=false&${alive}`, watch });
    await holds(async (appendMiddle) => {
      proxy.blackhole();
      proxy.heal();
      await appendMiddle();
    }, distant);
    await distant.close();
    await proxy.stop();
  });

  test('when its Postgres sessions are killed repeatedly while it works', () =>
    holds(async (appendMiddle) => {
      const kill = () =>
        models.superuser.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'ledger-projector' and datname = current_database()`,
        );
      let isAppended = false;
      const appended = appendMiddle().finally(() => {
        isAppended = true;
      });
      while (!isAppended) await kill();
      await appended;
      await kill();
    }));

  test('when two projectors run at once', () =>
    holds(async (appendMiddle) => {
      const other = new AbortController();
      const second = runProjector({
        store: running.connect({ watch }),
        pool: models.projector,
        log: quiet,
        backoffMs: () => 5,
        signal: other.signal,
        batchMax: 3,
      });
      await appendMiddle();
      await eventually(eventsStored).toBe(licenseEventsOf(log.slice(0, 2 * third)));
      other.abort();
      await second.done;
    }));
});

test('The projector survives a dropped connection and a restart of the event store', async () => {
  const log = randomLog(sized(4_000), 12);
  const half = Math.floor(log.length / 2);
  const proxy = await startProxy(running.server.port);
  const distant = running.connect({ watch, port: proxy.port });
  await projecting(
    async () => {
      await appendLog(store, log.slice(0, half));
      await eventually(eventsStored).toBe(licenseEventsOf(log.slice(0, half)));
      proxy.cut();
      await appendLog(store, log.slice(half, half + 10));
      await eventually(eventsStored).toBe(licenseEventsOf(log.slice(0, half + 10)));

      const { port } = running.server;
      await running.server.stop();
      const restarted = await startEventStore({ access: 'INSECURE', databaseUrl: running.databaseUrl, port });
      await appendLog(running.connect(), log.slice(half + 10));
      await eventually(eventsStored).toBe(licenseEventsOf(log));
      await restarted.stop();
    },
    { store: distant },
  );
  await proxy.stop();
});

test('The projector resumes where it stopped, and batches the events that came meanwhile', async () => {
  const log = randomLog(sized(6_000), 13);
  await projecting(async () => {
    await appendLog(store, log.slice(0, 50));
    await eventually(eventsStored).toBe(licenseEventsOf(log.slice(0, 50)));
  });
  const before = await readCheckpoint(models.projector, readModels);
  await appendLog(store, log.slice(50));
  await projecting(async (projector) => {
    await eventually(eventsStored).toBe(licenseEventsOf(log));
    await eventually(() => projector.state()).toEqual({ kind: 'following', caughtUp: true });
    expect(projector.position()).toBeGreaterThan(before.position === 'start' ? 0n : before.position.commit);
    expect(projector.lagMs()).toBeGreaterThanOrEqual(0);
  });
});

test('Events of other applications move the checkpoint forward', async () => {
  await appendLog(store, randomLog(20, 14));
  await projecting(async (projector) => {
    await eventually(() => projector.state()).toEqual({ kind: 'following', caughtUp: true });
    const { position } = await store.append(
      'other-1',
      [{ id: '00000000-0000-4000-8000-000000000001', type: 'Other', data: {}, metadata: {} }],
      'no_stream',
      { timeoutMs: 5_000 },
    );
    await eventually(() => projector.position()).toBeGreaterThanOrEqual(position.commit);
  });
});

test('An idle projector detects that Postgres has lost its last commits, and repeats them', async () => {
  const log = randomLog(200, 16);
  await projecting(async (projector) => {
    await appendLog(store, log);
    await eventually(eventsStored).toBe(licenseEventsOf(log));
    await eventually(() => projector.state()).toEqual({ kind: 'following', caughtUp: true });
    // A crash restores an earlier state, here the first one.
    await emptyReadModels(models.superuser);
    await eventually(eventsStored).toBe(licenseEventsOf(log));
  });
});

test('A second projector stands by, and takes over when the first one ends', async () => {
  const log = randomLog(sized(2_000), 15);
  const half = Math.floor(log.length / 2);
  const stop = new AbortController();
  const options = { store, pool: models.projector, log: quiet, backoffMs: () => 10 };
  const first = runProjector({ ...options, signal: stop.signal });
  await projecting(async (second) => {
    await appendLog(store, log.slice(0, half));
    await eventually(eventsStored).toBe(licenseEventsOf(log.slice(0, half)));
    for (const projector of [first, second]) expect(projector.state().kind).not.toBe('waiting');
    stop.abort();
    await first.done;
    await appendLog(store, log.slice(half));
    await eventually(eventsStored).toBe(licenseEventsOf(log));
    await eventually(() => second.state().kind).toBe('following');
  });
});

test('The next start marks read models as level when the projector died before it did', async () => {
  const ledger = createLog();
  ledger.issue('level');
  await appendLog(store, ledger.log);
  const isLevel = async () =>
    (await models.superuser.query(`select is_level from ops.projection_versions where state = 'active'`)).rows[0]
      ?.is_level;
  await projecting(() => eventually(eventsStored).toBe(licenseEventsOf(ledger.log)));
  const head = (await store.head({ timeoutMs: 5_000 }))?.commit ?? 0n;
  await models.superuser.query('update ops.projection_versions set is_level = false, goal = $1', [head]);
  await projecting(() => eventually(isLevel).toBe(true));
});

describe('The projector refuses an event store with another past', () => {
  const refusal = async (projector: Projector) => {
    await eventually(() => projector.state()).toMatchObject({ kind: 'waiting' });
    const state = projector.state();
    return state.kind === 'waiting' ? state.problem : '';
  };

  test('when its log ends before the checkpoint', async () => {
    await models.superuser.query(
      'update ops.checkpoints set commit_position = 999999999, prepare_position = 999999999',
    );
    await projecting(async (projector) => expect(await refusal(projector)).toContain('ahead of the event store'));
  });

  test('when the last handled event is another one there', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('restored');
    await appendLog(store, ledger.log);
    await projecting(() => eventually(eventsStored).toBe(2));
    await models.superuser.query(`update ops.checkpoints set last_event_id = 'another'`);
    await projecting(async (projector) =>
      expect(await refusal(projector)).toContain(`revision 1 of license-${licenseId} was another`),
    );
  });
});
