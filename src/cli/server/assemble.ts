import { createMetrics } from '../../api/monitoring/metrics.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { ownDirectory } from '../../postgres/sql-files.ts';
import type { ProjectedWaiter } from '../../projections/projected.ts';
import { ownRelease } from '../../projections/release.ts';
import { openHealth, type ProcessHealth } from '../health/open-health.ts';
import { startRetentionCheck } from '../health/retention-check.ts';
import { startNotaryRole, withWitnesses } from '../notary/start-notary.ts';
import { openParts, type Parts, type Program, type ServerProcess } from './process-parts.ts';
import { servedLog } from './require-open-log.ts';
import { serve } from './serve.ts';
import { startJobs } from './start-jobs.ts';
import { startProjector } from './start-projector.ts';
import { keepObjectsYoung } from './young-objects.ts';

/** A running server process of the product. */
export type Ledger = {
  /** The URL of the API, or null without the role `api`. */
  readonly baseUrl: string | null;
  /** Checks every part, as /readyz does. */
  readonly checkHealth: ProcessHealth['check'];
  readonly store: Pick<EventStore, 'head'>;
  readonly executor: Executor;
  readonly secrets: Secrets;
  readonly waiter: ProjectedWaiter;
  readonly apiPool: Parts['apiPool'];
  readonly now: () => Date;
  /** Resolves with a sentence when the log moves to another store, because the process must end then. */
  readonly closed: Promise<string>;
  /** Lets requests in flight finish for at most 5 seconds and closes every part of the process, in order. */
  stop(): Promise<void>;
};

/** The options of a server process. Default of `program`: the release of this program. Default otherwise: no demo. */
export type ServerOptions = Omit<ServerProcess, 'program' | 'demoOrganizationIds'> &
  Partial<Pick<ServerProcess, 'program' | 'demoOrganizationIds'>>;

/**
 * Migrates the database and starts the roles of a server process. Throws when the database lets somebody read the rows
 * of all tenants. Closes what it has opened when a step fails.
 */
export const assemble = async ({
  program = ownProgram(),
  demoOrganizationIds = [],
  ...options
}: ServerOptions): Promise<Ledger> => {
  keepObjectsYoung();
  const { roles, log } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).toReversed()) {
      await close().catch((error) => log.error(error, 'A part could not be closed.'));
    }
  };
  try {
    const parts = await openParts({ ...options, program, demoOrganizationIds }, (close) => closers.push(close));
    const metrics = createMetrics();
    // The row of the process says that it may append, so it goes after the jobs and the projector.
    let removeRow: () => Promise<unknown> = async () => undefined;
    closers.push(() => removeRow());
    // The log may have moved while this process was starting.
    await servedLog(parts.store);
    const projector = roles.includes('projector') ? await startProjector(parts, metrics) : null;
    if (roles.includes('projector')) startRetentionCheck(parts);
    if (roles.includes('worker')) await startJobs(parts);
    const notary = roles.includes('notary') ? withWitnesses(await startNotaryRole(parts, metrics), parts) : null;
    const health = openHealth(
      {
        ...parts,
        onStop: (close) => {
          removeRow = close;
        },
      },
      metrics,
      { projector, notary },
    );
    await servedLog(parts.store);
    const baseUrl = await serve(parts, metrics, health);
    const { store, executor, secrets, waiter, apiPool, now, closed } = parts;
    return { baseUrl, checkHealth: health.check, store, executor, secrets, waiter, apiPool, now, closed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const ownProgram = (): Program => ({ directory: ownDirectory, release: ownRelease() });
