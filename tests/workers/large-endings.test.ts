import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { createPool } from '../../src/projections/connect.ts';
import { createProjectedWaiter, type ProjectedWaiter } from '../../src/projections/projected.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { runProjector } from '../../src/projections/run-projector.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { chanceOf, runSeed } from '../support/chance.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { createLog, customer, rival } from '../support/license-fixtures.ts';
import { createReadModels, quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

// A command may end far more devices than fit into one append. These tests end the process again and again meanwhile.
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
  /** The number of devices that stay active: those that were activated last. */
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
    name: 'The removal of the only product',
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

// Only one kind of ending is tested with the largest number of devices.
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

/** Yields the events of the licenses and their devices, for the log. */
function* licensesWithDevices() {
  let end = 0n;
  for (const ending of cases) {
    const ledger = createLog();
    const licenseId = ledger.issue(nameOf(ending), {
      holderOrgId: rival,
      activations: ending.devices,
      expiresAt: '2099-01-01T00:00:00.000Z',
      products: ['local_cli'],
      policy: { remindBefore: [] },
    });
    licenseIdOf.set(nameOf(ending), licenseId);
    for (let device = 0; device < ending.devices; device++) ledger.activate(licenseId, `device ${device}`);
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
  expect(await projected.waitFor(head?.commit ?? 0n, 20 * minutes)).toBe(true);
};

class Died extends Error {
  override readonly name = 'Died';
}

/** Returns a store that fails at one of the next appends, before or after it is stored, like a dying process. */
const dyingStore = (connected: EventStore, appends: number): EventStore => {
  // So few appends that the process dies ten times before the end.
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

test.each(cases.map((ending) => [ending.name, ending.devices, ending] as const))(
  '%s with %i devices is completed once and in order, although the process dies again and again',
  async (_name, devices, ending) => {
    const { left, decisive, cause } = ending;
    const licenseId = licenseIdOf.get(nameOf(ending)) ?? '';
    const connected = store.connect();
    let deaths = 0;
    const start = () =>
      createExecutor({ store: deaths < deathsMax ? dyingStore(connected, devices / announcedAtOnce) : connected });
    let alive = start();
    /** Repeats `work` in new processes until one of them survives. */
    const insist = async <Result>(
      work: (executor: ReturnType<typeof createExecutor>) => Promise<Result>,
    ): Promise<Result> => {
      for (;;) {
        try {
          return await work(alive);
        } catch (error) {
          if (!(error instanceof Died)) throw error;
          deaths += 1;
          alive = start();
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
    // From this event on no ended device counts, announced or not.
    expect(executed.view).toBe(left);
    // The projector applies a very large change in parts, between the events of other streams.
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
    // In the short run the announcements may end before ten deaths.
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
  (isFull ? 30 : 10) * minutes,
);

test(
  'The rows of all licenses match the log',
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
  (isFull ? 30 : 10) * minutes,
);
