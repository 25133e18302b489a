import { status } from '@grpc/grpc-js';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { type EventStoreServer, startEventStore } from '../../src/embedded/eventstore/server.ts';
import { withOwnConnection } from '../../src/eventstore/connection.ts';
import {
  type EventStore,
  OutcomeUnknown,
  type Position,
  type Recorded,
  StoreUnavailable,
} from '../../src/eventstore/event-store.ts';
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { appendMsMax, createExecutor, type Executor } from '../../src/eventstore/executor/execute.ts';
import { activateDevice, context, issueLicense, send } from '../support/commands.ts';
import { type RunningStore, startOwnStore } from '../support/event-store.ts';
import { testId } from '../support/license-fixtures.ts';
import { startProxy } from '../support/proxy.ts';
import { startSwitchboard } from '../support/switchboard.ts';

let running: RunningStore;
let licenses: readonly string[] = [];
let created = 0;

beforeAll(async () => {
  running = await startOwnStore();
});

beforeEach(async () => {
  licenses = Array.from({ length: 4 }, () => testId('lic', `cluster ${created++}`));
  const executor = createExecutor({ store: running.connect() });
  for (const id of licenses) await send(executor, licenseAggregate, id, issueLicense(id, 5_000), context(), () => null);
});

afterAll(() => running.stop());

/** Activates a device by a new command. Returns its id when it was carried out. Repeats it as a client does after a 503. */
const activate = async (executor: Executor, licenseId: string): Promise<string> => {
  const sent = context();
  for (;;) {
    try {
      const command = activateDevice(sent.commandId);
      const answer = await send(executor, licenseAggregate, licenseId, command, sent, () => null);
      if ('outcome' in answer) return sent.commandId;
    } catch (error) {
      if (!(error instanceof StoreUnavailable || error instanceof OutcomeUnknown)) throw error;
    }
  }
};

const eventsIn = async (store: EventStore): Promise<readonly Recorded[]> =>
  (await Promise.all(licenses.map((id) => store.read(`license-${id}`)))).flatMap(({ events }) => events);

const activatedIn = async (store: EventStore): Promise<readonly Recorded[]> =>
  (await eventsIn(store)).filter(({ type }) => type === 'ActivationRecorded');

const commandIdsOf = (events: readonly Recorded[]) => events.map(({ metadata }) => metadata.commandId).toSorted();

/** Follows the licenses of this test and resumes after every loss of the connection, as the projector does. */
const follow = (store: EventStore) => {
  const received: Recorded[] = [];
  const stopping = new AbortController();
  const options = { streamPrefixes: licenses.map((id) => `license-${id}`), signal: stopping.signal };
  let losses = 0;
  const run = async () => {
    let from: Position | 'start' = 'start';
    for (;;) {
      try {
        for await (const next of store.follow(from, options)) {
          if ('idle' in next) continue;
          from = next.position;
          received.push(next);
        }
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        losses += 1;
      }
    }
  };
  const done = run();
  return {
    received,
    losses: () => losses,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
};

describe('When a node is not the leader,', () => {
  test('the command goes to the leader that it names, and takes effect once', async () => {
    const leader = await startSwitchboard(running.server.port);
    const [licenseId = ''] = licenses;
    const store = running.connect();
    const executor = createExecutor({ store });
    let refusals = 0;
    const original = running.server.faults.refuseAppends;
    Object.defineProperty(running.server.faults, 'refuseAppends', {
      configurable: true,
      get: () => {
        refusals += 1;
        return refusals > 1 ? undefined : notLeader(leader.port);
      },
    });
    const carriedOut = await activate(executor, licenseId);
    Object.defineProperty(running.server.faults, 'refuseAppends', { value: original, writable: true });

    expect(refusals).toBe(2);
    expect(leader.connections()).toBe(1);
    expect(commandIdsOf(await activatedIn(store))).toEqual([carriedOut]);
    await store.close();
    await leader.stop();
  });
});

const notLeader = (port: number) => ({
  code: status.NOT_FOUND,
  details: 'Leader info available',
  trailers: { exception: 'not-leader', 'leader-endpoint-host': '127.0.0.1', 'leader-endpoint-port': String(port) },
});

describe('When the store refuses the login,', () => {
  test.each([
    ['an append', 'refuseAppends'],
    ['a read', 'refuseReads'],
  ] as const)(
    '%s fails at once as unavailable, nothing is stored, and commands work again afterwards',
    async (_, fault) => {
      const [licenseId = ''] = licenses;
      const store = running.connect();
      const executor = createExecutor({ store });
      running.server.faults[fault] = { code: status.UNAUTHENTICATED, details: 'Not Authenticated' };
      const sent = context();
      const refused = send(executor, licenseAggregate, licenseId, activateDevice('refused'), sent, () => null);
      await expect(refused).rejects.toBeInstanceOf(StoreUnavailable);
      running.server.faults[fault] = undefined;
      expect(await activatedIn(store)).toEqual([]);
      await activate(executor, licenseId);
      expect(await activatedIn(store)).toHaveLength(1);
    },
  );
});

describe('When a node falls silent,', () => {
  test('the commands that were sent are carried out once each, on another connection', async () => {
    const proxy = await startProxy(running.server.port);
    // The client itself would notice the dead connection after ten minutes.
    const url = `esdb://127.0.0.1:${proxy.port}?tls=false&keepAliveInterval=600000`;
    const store = connectEventStore({ url, readTimeoutMs: 1_000 });
    const executor = createExecutor({ store, appendTimeoutMs: 1_000, giveUpMs: 60_000 });
    const before = await Promise.all(licenses.map((id) => activate(executor, id)));
    proxy.blackhole();
    // Several commands fail sooner often enough for another connection than one.
    const waiting = Promise.all(licenses.map((id) => activate(executor, id)));
    proxy.heal();
    const carriedOut = [...before, ...(await waiting)].toSorted();
    expect(commandIdsOf(await activatedIn(running.connect()))).toEqual(carriedOut);
    await store.close();
    await proxy.stop();
  });

  test.each([
    ['esdb://a:2113', 'esdb://a:2113?keepAliveInterval=10002'],
    ['esdb://u:p@a,b?tls=false', 'esdb://u:p@a,b?tls=false&keepAliveInterval=10002'],
    ['esdb://a?keep_alive_interval=500&tls=false', 'esdb://a?keepAliveInterval=502&tls=false'],
    ['esdb://a?keepAliveInterval=-1', 'esdb://a?keepAliveInterval=-1'],
  ])('the URL %s gets options of its own for the second replacement', (url, expected) => {
    expect(withOwnConnection(url, 2)).toBe(expected);
  });

  test('the repetitions of a command end after 10 seconds', () => {
    expect(appendMsMax).toBeLessThanOrEqual(10_000);
  });
});

describe('When a second server takes over the database of the first,', () => {
  test('commands of two processes take effect once each, and followers resume without a gap', async () => {
    const board = await startSwitchboard(running.server.port);
    const stores = [1, 2].map(() => running.connect({ port: board.port, watch: { idleMs: 20, pollMs: 50 } }));
    const executors = stores.map((store) => createExecutor({ store, appendTimeoutMs: 1_000, giveUpMs: 60_000 }));
    const followers = stores.map(follow);
    const carriedOut: string[] = [];
    let second: Promise<EventStoreServer> | null = null;
    let fail: (error: unknown) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failure.catch(() => {});

    const takeOver = async (): Promise<EventStoreServer> => {
      await loseWriter(running.databaseUrl);
      await running.server.failed;
      const server = await startEventStore({ access: 'INSECURE', databaseUrl: running.databaseUrl, port: 0 });
      board.routeTo(server.port);
      return server;
    };
    const writers = executors.flatMap((executor) =>
      licenses.map(async (licenseId) => {
        for (let count = 0; count < commandsPerLicense; count += 1) {
          carriedOut.push(await activate(executor, licenseId));
          if (carriedOut.length !== 16) continue;
          second = takeOver();
          second.catch(fail);
        }
      }),
    );
    // A second server that does not start ends the test, because the writers would repeat their commands for ever.
    await Promise.race([Promise.all(writers), failure]);
    expect(carriedOut).toHaveLength(commandsPerLicense * executors.length * licenses.length);

    const [store] = stores;
    if (store === undefined || second === null) throw new Error('There is no second server.');
    const server: EventStoreServer = await second;
    expect(commandIdsOf(await activatedIn(store))).toEqual(carriedOut.toSorted());
    const stored = await eventsIn(store);
    for (const follower of followers) {
      await expect.poll(() => follower.received.length, { timeout: 20_000 }).toBe(stored.length);
      await follower.stop();
      const commits = follower.received.map(({ position }) => position.commit);
      expect(commits).toEqual([...new Set(commits)].toSorted((a, b) => (a < b ? -1 : 1)));
      expect(follower.losses()).toBeGreaterThan(0);
    }
    await Promise.all(stores.map((each) => each.close()));
    await board.stop();
    await server.stop();
  }, 120_000);
});

const commandsPerLicense = 6;

/** Ends the connection that holds the lock of the writer: the server stops answering, as after its end. */
const loseWriter = async (databaseUrl: string): Promise<void> => {
  const db = new pg.Client(databaseUrl);
  await db.connect();
  await db.query(`select pg_terminate_backend(pid) from pg_stat_activity
                  where datname = current_database() and application_name = 'eventstore writer'`);
  await db.end();
};
