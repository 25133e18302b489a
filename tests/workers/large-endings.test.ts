import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { createPool } from '../../src/projections/connect.ts';
import { createProjectedWaiter, type ProjectedWaiter } from '../../src/projections/projected.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { runProjector } from '../../src/projections/run.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { chanceOf, runSeed } from '../support/chance.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { createLog, customer, rival } from '../support/license-fixtures.ts';
import { createReadModels, quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

// What one command ends may be far more than one append takes. The process dies again and again meanwhile.
const seed = runSeed();
const chance = chanceOf(seed);
const isFull = sized(20) === 20;
const deathsMax = isFull ? 10 : 3;
const announcedAtOnce = 50;
const kept = 10;
const minutes = 60_000;

type Ending = {
  readonly name: string;
  readonly decisive: string;
  readonly cause: string;
  readonly command: Unstamped<LicenseCommand>;
  /** How many devices stay: those that were activated last. */
  readonly left: number;
};
type Unstamped<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;

const endings: readonly Ending[] = [
  {
    name: 'A revocation',
    decisive: 'LicenseRevoked',
    cause: 'LICENSE_REVOKED',
    left: 0,
    command: { type: 'Revoke', data: { reasonCode: 'FRAUD' } },
  },
  {
    name: 'A transfer that releases devices',
    decisive: 'LicenseTransferred',
    cause: 'TRANSFER',
    left: 0,
    command: {
      type: 'Transfer',
      data: { toHolderOrgId: customer, accepted: true, expiry: 'KEEP', activations: 'RELEASE' },
    },
  },
  {
    name: 'The removal of a product',
    decisive: 'ProductRemoved',
    cause: 'PRODUCT_REMOVED',
    left: 0,
    command: { type: 'RemoveProduct', data: { product: 'local_cli' } },
  },
  {
    name: 'An eviction of the oldest',
    decisive: 'LicenseLimitsChanged',
    cause: 'LIMIT_LOWERED',
    left: kept,
    command: {
      type: 'ChangeLimits',
      data: { limits: { activations: kept, seats: 0, users: 0, meters: {} }, strategy: 'EVICT_OLDEST' },
    },
  },
];

// A part of the large size is tried with one of them only.
const cases = endings.flatMap((ending, index) =>
  (isFull || index === 0 ? [sized(12_000, 300), sized(100_000, 1_100)] : [sized(12_000, 300)]).map((devices) => ({
    ...ending,
    devices,
  })),
);
const licenseIdOf = new Map<string, string>();
const nameOf = ({ name, devices }: Pick<Ending, 'name'> & { devices: number }) => `${name} ${devices}`;

let store: RunningStore;
let models: Awaited<ReturnType<typeof createReadModels>>;
let workerPool: ReturnType<typeof createPool>;
let projected: ProjectedWaiter;
const stopping = new AbortController();
let projector: ReturnType<typeof runProjector>;

/** The licenses, each with its devices, as they were issued and activated before. */
function* licensesWithDevices() {
  let end = 0n;
  for (const each of cases) {
    const ledger = createLog();
    const licenseId = ledger.issue(nameOf(each), {
      holderOrgId: rival,
      activations: each.devices,
      expiresAt: '2099-01-01T00:00:00.000Z',
      policy: { remindBefore: [] },
    });
    licenseIdOf.set(nameOf(each), licenseId);
    for (let device = 0; device < each.devices; device++) ledger.activate(licenseId, `device ${device}`);
    const before = end;
    yield ledger.log.map((recorded) => {
      const commit = recorded.position.commit + before;
      return { ...recorded, position: { commit, prepare: commit } };
    });
    end += BigInt((ledger.log.length + 1) * 100);
  }
}

beforeAll(async () => {
  console.log(`LEDGER_SEED=${seed}`);
  [store, models] = await Promise.all([startStore(licensesWithDevices()), createReadModels()]);
  workerPool = createPool({ url: models.url, role: 'ledger_worker', max: 2, log: quiet });
  projected = createProjectedWaiter({ url: models.url, log: quiet });
  projector = runProjector({ store: store.connect(), pool: models.projector, log: quiet, signal: stopping.signal });
  await everythingIsProjected();
}, 30 * minutes);
afterAll(async () => {
  stopping.abort();
  await projector.done;
  await Promise.all([projected.stop(), workerPool.end()]);
  await Promise.all([store.stop(), models.drop()]);
});

const everythingIsProjected = async () => {
  const head = await store.connect().head({ timeoutMs: 10_000 });
  expect(await projected.waitFor(head?.commit ?? 0n, 5 * minutes)).toBe(true);
};

class Died extends Error {
  override readonly name = 'Died';
}

/** A store on which the process dies with one of its next appends, right before it or right after: it never knows. */
const dyingStore = (connected: EventStore, appends: number): EventStore => {
  // So few that it dies ten times before it is through.
  let appendsLeft = chance.below(Math.ceil(appends / (deathsMax + 2)));
  const isStored = chance.percent(50);
  return {
    ...connected,
    append: async (...parameters) => {
      appendsLeft -= 1;
      if (appendsLeft >= 0) return connected.append(...parameters);
      if (isStored) await connected.append(...parameters);
      throw new Died('The process was killed.');
    },
  };
};

test.each(cases.map((each) => [each.name, each.devices, each] as const))(
  '%s with %i devices is completed once and in order, though the process dies again and again',
  async (_name, devices, ending) => {
    const { left, decisive, cause } = ending;
    const licenseId = licenseIdOf.get(nameOf(ending)) ?? '';
    const connected = store.connect();
    let deaths = 0;
    /** Tries it in one process after the other, until one of them lives. */
    const insist = async <Result>(
      work: (executor: ReturnType<typeof createExecutor>) => Promise<Result>,
    ): Promise<Result> => {
      for (;;) {
        try {
          return await work(
            createExecutor({
              store: deaths < deathsMax ? dyingStore(connected, devices / announcedAtOnce) : connected,
            }),
          );
        } catch (error) {
          if (!(error instanceof Died)) throw error;
          deaths += 1;
        }
      }
    };
    const sent = context();
    const command = { ...ending.command, at: new Date().toISOString() } as LicenseCommand;
    const executed = await insist((executor) =>
      sendCommand(executor, licenseAggregate, licenseId, command, sent, (license) =>
        license.kind === 'issued' ? license.facts.usage.activations : null,
      ),
    );
    if ('rejected' in executed) throw new Error(executed.detail);
    // From the decisive event on nothing counts that it ends, announced or not.
    expect(executed.view).toBe(left);
    // Very many rows are brought in beside the events of others.
    const activations = async () => {
      const { rows } = await models.superuser.query<{ activations: number }>(
        'select activations from rm.licenses where license_id = $1',
        [licenseId],
      );
      return rows[0]?.activations;
    };
    await expect.poll(activations, { timeout: minutes, interval: 50 }).toBe(left);

    const due = () => dueLicenses(workerPool, { now: new Date().toISOString(), limit: 10, after: null });
    while ((await due()).length > 0) {
      await insist((executor) =>
        sweepDue({
          due: (page) => dueLicenses(workerPool, page),
          executor,
          now: () => new Date(),
          onRefused: ({ rejection }) => {
            throw new Error(rejection.detail);
          },
          onError: (error) => {
            throw error;
          },
        }),
      );
      await everythingIsProjected();
    }
    // A twentieth of the devices may be announced before it has died so often.
    expect(deaths).toBeGreaterThanOrEqual(isFull ? deathsMax : 1);

    const { events } = await connected.read(`license-${licenseId}`);
    expectWholeChain(events);
    const since = events.slice(devices + 2);
    const [decided, ...announced] = since;
    expect([decided?.type, decided?.metadata.commandId]).toEqual([decisive, sent.commandId]);
    const activated = events.flatMap(({ type, data }) => (type === 'ActivationRecorded' ? [data.activationId] : []));
    expect(announced.map(({ type, data }) => [type, data.activationId])).toEqual(
      activated.slice(0, devices - left).map((activationId) => ['ActivationDeactivated', activationId]),
    );
    const same = new Set(
      announced.map(({ data, metadata }) =>
        [data.cause, data.countAfter, metadata.effectiveAt, metadata.holderOrgId].join(),
      ),
    );
    expect([...same]).toEqual([[cause, left, decided?.metadata.effectiveAt, rival].join()]);
  },
  10 * minutes,
);

test(
  'the rows of all of them are what the log says',
  async () => {
    const reader = connectLogReader({ url: store.url });
    const verdict = await verifyLedger({ store: store.connect(), readLog: reader.read, pool: models.projector });
    await reader.close();
    expect(verdict).toMatchObject({ intact: true, notProjected: 0, parked: 0 });
    const open = await models.superuser.query<{ count: number }>(
      'select count(*)::int as count from rm.activations where deactivated_at is null',
    );
    expect(open.rows).toEqual([{ count: cases.reduce((sum, { left }) => sum + left, 0) }]);
  },
  10 * minutes,
);
