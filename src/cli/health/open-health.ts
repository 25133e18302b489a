import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from '../../api/monitoring/metrics.ts';
import type { PartHealth } from '../../api/monitoring/part-health.ts';
import type { Notary } from '../../notary/notary.ts';
import type { Projector } from '../../projections/run-projector.ts';
import { version } from '../../version.ts';
import type { Parts } from '../server/process-parts.ts';
import { diskFault } from './check-disk.ts';
import { askReadModels, projects, readinessParts, serviceParts } from './check-parts.ts';
import { type PostgresWrites, startHeartbeats } from './heartbeats.ts';
import { measureBackup } from './measure-backup.ts';
import { measureHealth } from './measure-health.ts';
import { createSince } from './note-since.ts';
import { createSampler } from './sample-services.ts';

/** The health of a process. */
export type ProcessHealth = {
  /** Checks every part. Answers within seconds, also when a service hangs. Does not throw. */
  readonly check: () => Promise<readonly PartHealth[]>;
  /** Notes that the API listens. */
  readonly noteServing: () => void;
  /** Makes the process not ready, and waits for `STOP_DELAY_SECONDS`, so that load balancers notice. */
  readonly announceStop: () => Promise<void>;
};

const postgresTimeoutMs = 3_000;
const samplePatienceMs = 500;

/** The projector and the notary of a process. Null without that role. */
export type Workings = { readonly projector: Projector | null; readonly notary: Pick<Notary, 'fault'> | null };

/** Starts to check a process, to show its health in the metrics, and to write its signs of life. */
export const openHealth = (parts: Parts, metrics: Metrics, { projector, notary }: Workings): ProcessHealth => {
  const { config, servers, roles, store, isStoreFull, clock, apiPool, program, now, log, missingSecrets, onStop } =
    parts;
  const sample = createSampler({ store, pool: apiPool, dataDir: servers.embedded ? config.dataDir : null });
  const withSince = createSince(now);
  const writes: PostgresWrites = { failure: null };
  let isServing = !roles.includes('api');
  let isStopping = false;

  const check = async () => {
    const [readModels, clockFault, { freeBytes, ...sampled }] = await Promise.all([
      askReadModels(apiPool, postgresTimeoutMs),
      clock.fault(),
      sample(samplePatienceMs),
    ]);
    const disk = diskFault({ freeBytes, isEventStoreFull: isStoreFull(), postgresFailure: writes.failure });
    const ownProjector = projector?.state() ?? null;
    return withSince([
      ...readinessParts({ isStopping, isServing, clockFault, lacksSecrets: missingSecrets().length > 0, readModels }),
      ...serviceParts({ ...sampled, ownProjector, diskFault: disk, notaryFault: notary?.fault() ?? null }),
    ]);
  };
  let written = '';
  const checkAndTell = async () => {
    const checked = await check();
    const states = JSON.stringify(checked.map(({ part, state }) => [part, state]));
    // `ledger status` learns of a change at once, not with the next sign of life.
    if (states !== written) void beat();
    written = states;
    return checked;
  };
  measureBackup(metrics.registry, apiPool, samplePatienceMs);
  measureHealth(metrics.registry, checkAndTell, () => sample(samplePatienceMs));
  const identity = {
    processId: randomUUID(),
    roles,
    host: hostname(),
    pid: process.pid,
    version,
    release: program.release.number,
    startedAt: now(),
  };
  const { beat, stop } = startHeartbeats({
    ...{ pool: apiPool, log, identity, writes, check },
    projects: () => projects(projector?.state() ?? null),
    isStopping: () => isStopping,
  });
  onStop(stop);
  return {
    check: checkAndTell,
    noteServing: () => {
      isServing = true;
    },
    announceStop: async () => {
      isStopping = true;
      void beat();
      await delay(config.stopDelaySeconds * 1_000);
    },
  };
};
