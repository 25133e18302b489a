import type { Pool } from 'pg';
import type { EventStore } from '../../eventstore/event-store.ts';
import type { Log } from '../../postgres/log.ts';
import { readCheckpoint } from '../checkpoint.ts';
import { parkedAmong } from '../parked.ts';
import { activeProjection } from '../versions.ts';
import { checkStreams, type Difference, drawStreams } from './check-streams.ts';
import { inSnapshot } from './in-snapshot.ts';

type Needs = {
  readonly store: Pick<EventStore, 'read'>;
  /** As ledger_projector. */
  readonly pool: Pool;
  readonly log: Log;
  readonly streamsMax?: number;
  /** Ends the comparison early. */
  readonly signal?: AbortSignal;
};

/**
 * Compares the rows of random streams with the fold of their events, in one snapshot, while a projector may work. Logs
 * an error for each stream that differs. Skips parked streams, which are known to be behind.
 */
export const checkSample = async ({
  store,
  pool,
  log,
  streamsMax = 1_000,
  signal,
}: Needs): Promise<readonly Difference[]> => {
  const projection = await activeProjection(pool);
  const { version } = projection;
  const { streams, differences } = await inSnapshot(pool, async (db) => {
    const { position } = await readCheckpoint(db, projection);
    if (position === 'start') return { streams: [], differences: [] };
    const known = await drawStreams(db, streamsMax);
    const parked = await parkedAmong(db, projection, known);
    const drawn = known.filter((stream) => !parked.has(stream));
    const differing: Difference[] = [];
    for (let from = 0; from < drawn.length && signal?.aborted !== true; from += sliceMax)
      differing.push(...(await checkStreams(drawn.slice(from, from + sliceMax), { store, db, upTo: position.commit })));
    return { streams: drawn, differences: differing };
  });
  // After a switch of versions the names are those of other tables. The snapshot may see too few rows of them.
  if (version !== (await activeProjection(pool)).version) return [];
  for (const { stream, what } of differences) log.error({ stream, what }, 'The rows of a stream are not its fold.');
  log.info({ streams: streams.length, differing: differences.length }, 'A sample of the read models was checked.');
  return differences;
};

const sliceMax = 50;
