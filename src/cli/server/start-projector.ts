import type { Metrics } from '../../api/monitoring/metrics.ts';
import { levelIfEmpty } from '../../projections/level.ts';
import { countParked } from '../../projections/parked.ts';
import { upgrade } from '../../projections/rebuild/upgrade.ts';
import { type Projector, runProjector } from '../../projections/run-projector.ts';
import { activeProjection } from '../../projections/versions.ts';
import { measureProjection } from './measure-projection.ts';
import type { Parts } from './process-parts.ts';

/** Starts the role `projector`, and builds the read models of this release where they are missing. */
export const startProjector = async (parts: Parts, metrics: Metrics): Promise<Projector> => {
  const { servers, store, log, program, openPool, onStop } = parts;
  const { directory, release } = program;
  const ending = new AbortController();
  const { signal } = ending;
  const pool = openPool(servers.projectorUrl, 'ledger_projector', 4);
  await levelIfEmpty(pool, release, store);
  const { databaseUrl, projectorUrl } = servers;
  const upgraded = upgrade({ store, log, directory, release, signal, databaseUrl, projectorUrl });
  const projector = runProjector({ store, pool, log, release, signal });
  measureProjection(metrics.registry, projector, async () => countParked(pool, await activeProjection(pool)));
  onStop(() => {
    ending.abort();
    return Promise.all([projector.done, upgraded]);
  });
  return projector;
};
