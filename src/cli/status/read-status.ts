import type pg from 'pg';
import type { EventStore, Position } from '../../eventstore/event-store.ts';
import { readCheckpoint } from '../../projections/checkpoint.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import { countParked, listParked } from '../../projections/parked.ts';
import { migrationState } from '../../projections/prepare-database.ts';
import { ownRelease } from '../../projections/release.ts';
import { activeAmong, projectionOf, readModelsName, versionsOf } from '../../projections/versions.ts';
import { readLastBackup } from '../../records/last-backup.ts';
import { silentSeconds } from '../../records/processes.ts';
import { version } from '../../version.ts';
import { asRole, hasTable } from './reading-connection.ts';
import type {
  BackupFacts,
  LagFacts,
  ProcessFacts,
  ReadModelFacts,
  StatusFacts,
  VerificationFacts,
} from './status-facts.ts';

/** The parts of the facts that come from Postgres, and what the lag is computed from. */
type FromPostgres = Omit<StatusFacts, 'mode' | 'eventStore' | 'lag' | 'freeBytes'> & {
  readonly checkpoint: Position | 'start' | null;
};

/** Reads the facts of a migrated database, on a connection of `connectReading`. Writes nothing. */
export const readPostgresFacts = async (db: pg.Client): Promise<FromPostgres> => {
  const { rows } = await db.query<{ version: string }>(`select current_setting('server_version') as version`);
  const migrations = await migrationState(db);
  return asRole(db, 'ledger_projector', async () => {
    const readModels = await readModelsOf(db);
    const active = activeAmong(await versionsOf(db));
    return {
      product: { version, release: ownRelease().number },
      postgres: { version: rows[0]?.version ?? '', migrations },
      processes: await processesOf(db),
      readModels,
      lastVerification: await lastVerificationOf(db),
      lastBackup: await lastBackupOf(db),
      checkpoint: active === undefined ? null : (await readCheckpoint(db, projectionOf(active))).position,
    };
  });
};

const processesOf = async (db: pg.Client): Promise<readonly ProcessFacts[]> => {
  if (!(await hasTable(db, 'ops.processes'))) return [];
  const { rows } = await db.query<ProcessFacts & { readonly startedAt: Date; readonly seenAt: Date }>(
    `select roles, host, pid, version, started_at as "startedAt", seen_at as "seenAt", status, faults,
        seen_at < clock_timestamp() - make_interval(secs => ${silentSeconds}) as "isSilent"
      from ops.processes order by started_at, process_id`,
  );
  return rows.map((row) => ({ ...row, startedAt: instant(row.startedAt), seenAt: instant(row.seenAt) }));
};

const readModelsOf = async (db: pg.Client): Promise<ReadModelFacts | null> => {
  const { rows } = await db.query<{
    version: number;
    state: string;
    release: number;
    shape: string;
    is_level: boolean;
    made_at: Date;
    switched_at: Date | null;
  }>(
    `select version, state, release, shape, is_level, made_at, switched_at from ops.projection_versions
      where projection = $1`,
    [readModelsName],
  );
  const active = rows.find(({ state }) => state === 'active');
  if (active === undefined) return null;
  const projection = projectionOf(active);
  const parked = await listParked(db, projection);
  return {
    version: active.version,
    release: active.release,
    isOfThisRelease: active.shape === ownRelease().shape,
    isLevel: active.is_level,
    madeAt: instant(active.made_at),
    // The first version serves from the instant at which it was made.
    rebuiltAt: active.switched_at === null || active.switched_at <= active.made_at ? null : instant(active.switched_at),
    building: rows.some(({ state }) => state === 'building'),
    parked: parked.slice(0, parkedMax).map(({ stream }) => stream),
    parkedCount: await countParked(db, projection),
  };
};

const parkedMax = 10;

const lastVerificationOf = async (db: pg.Client): Promise<VerificationFacts | null> => {
  if (!(await hasTable(db, 'ops.last_verification'))) return null;
  const { rows } = await db.query<{
    at: Date | null;
    version: string;
    isIntact: boolean;
    events: string;
    damaged: string;
  }>('select verified_at as at, version, is_intact as "isIntact", events, damaged from ops.last_verification');
  const [row] = rows;
  if (row === undefined || row.at === null) return null;
  return { ...row, at: instant(row.at), events: Number(row.events), damaged: Number(row.damaged) };
};

const lastBackupOf = async (db: pg.Client): Promise<BackupFacts | null> => {
  if (!(await hasTable(db, 'ops.last_backup'))) return null;
  const last = await readLastBackup(db);
  if (last === null) return null;
  const ageSeconds = Math.max(0, Math.round((Date.now() - last.finishedAt.getTime()) / 1_000));
  return { at: instant(last.finishedAt), ageSeconds, version: last.version, hasLog: last.hasLog };
};

/** The most events that a lag counts. */
const countedMax = 10_000;
const countingMsMax = 5_000;

/** Bounds of a count. Default: five seconds. */
type Counting = { readonly now: Date; readonly countingMs?: number };

/**
 * Returns how many events after the checkpoint the log has, and for how long the oldest has waited. Counts for a bounded
 * time. Returns null when no event came in it, so the lag is unknown. `now`: the clock of this process.
 */
export const readLag = async (
  store: Pick<EventStore, 'head' | 'follow'>,
  checkpoint: Position | 'start',
  { now, countingMs = countingMsMax }: Counting,
): Promise<LagFacts | null> => {
  const head = await store.head({ timeoutMs: 5_000 });
  if (head === null || (checkpoint !== 'start' && checkpoint.commit >= head.commit))
    return { events: 0, seconds: 0, isAtLeast: false };
  const signal = AbortSignal.timeout(countingMs);
  let events = 0;
  let oldest: string | null = null;
  let isAtLeast = true;
  for await (const entry of store.follow(checkpoint, { streamPrefixes, signal })) {
    const at = 'idle' in entry ? entry.head : entry.position;
    if (!('idle' in entry) && at.commit <= head.commit) {
      events += 1;
      oldest ??= String(entry.metadata.recordedAt);
    }
    isAtLeast = at.commit < head.commit;
    if (!isAtLeast || events === countedMax) break;
  }
  if (isAtLeast && events === 0) return null;
  const seconds = oldest === null ? 0 : Math.max(0, Math.round((now.getTime() - Date.parse(oldest)) / 1_000));
  return { events, seconds: Number.isNaN(seconds) ? 0 : seconds, isAtLeast };
};

const instant = (date: Date): string => date.toISOString();
