import { licenseAggregate } from '../src/aggregates/aggregates.ts';
import { licenseAsOf } from '../src/application/reading/as-of.ts';
import { encodeId } from '../src/domain/ids.ts';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { createExecutor } from '../src/eventstore/executor/execute.ts';
import { commandContext } from '../src/eventstore/executor/waiting.ts';
import { toDecide } from '../src/eventstore/folding.ts';
import { createSnapshotKeeper } from '../src/eventstore/snapshots/snapshot-keeper.ts';
import { newCommandId } from '../src/eventstore/uuids.ts';
import { createPool } from '../src/projections/connect.ts';
import { createStreamSnapshots } from '../src/records/stream-snapshots.ts';

/** The task of a new process: it sends one command to each license, then reads each license as of the instants. */
export type LongTask = {
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  readonly licenseIds: readonly string[];
  readonly instants: readonly string[];
};

/** Milliseconds per license; `asOf` has one time per instant. `peakMb` is the peak memory of the process. */
export type LongTimes = {
  readonly command: readonly number[];
  readonly asOf: readonly (readonly number[])[];
  readonly peakMb: number;
};

const log = { info: () => {}, warn: console.error, error: console.error };

const run = async ({ databaseUrl, eventStoreUrl, licenseIds, instants }: LongTask): Promise<LongTimes> => {
  const store = connectEventStore({ url: eventStoreUrl });
  const pool = createPool({ url: databaseUrl, role: 'ledger_api', max: 2, log });
  const keeper = createSnapshotKeeper({ snapshots: createStreamSnapshots(pool), onError: console.error });
  const executor = createExecutor({ store, keeper });
  const command: number[] = [];
  for (const licenseId of licenseIds) {
    const startedAt = performance.now();
    await activate(executor, licenseId);
    command.push(performance.now() - startedAt);
  }
  const asOf: number[][] = [];
  for (const licenseId of licenseIds) {
    const times: number[] = [];
    for (const instant of instants) {
      const startedAt = performance.now();
      await licenseAsOf({ store, keeper, executor }, licenseId, instant);
      times.push(performance.now() - startedAt);
    }
    asOf.push(times);
  }
  await keeper.settled();
  await Promise.all([pool.end(), store.close()]);
  return { command, asOf, peakMb: process.resourceUsage().maxRSS / 1_024 };
};

const activate = async ({ execute }: ReturnType<typeof createExecutor>, licenseId: string): Promise<void> => {
  const commandId = newCommandId();
  const at = new Date().toISOString();
  const data = {
    activationId: encodeId('act', commandId),
    fingerprintHash: commandId.replaceAll('-', '').repeat(2),
    product: null,
    nameRef: null,
    platform: null,
    appVersion: null,
  };
  const executed = await execute(
    licenseAggregate,
    licenseId,
    toDecide(licenseAggregate, { type: 'Activate', at, data }),
    {
      context: commandContext({
        at,
        commandId,
        requestHash: 'b'.repeat(64),
        actor: { type: 'SYSTEM', id: 'bench', onBehalfOf: null },
      }),
      view: () => null,
    },
  );
  if ('rejected' in executed) throw new Error(executed.detail);
};

process.once('message', async (task: LongTask) => {
  process.send?.(await run(task), () => process.exit());
});
