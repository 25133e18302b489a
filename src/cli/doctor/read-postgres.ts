import type pg from 'pg';
import { isVersion } from '../../domain/license/validation/app-versions.ts';
import { lintCatalog } from '../../postgres/lint.ts';
import { migrationState } from '../../projections/prepare-database.ts';
import { ownRelease } from '../../projections/release.ts';
import { activeAmong, versionsOf } from '../../projections/versions.ts';
import { silentSeconds } from '../../records/processes.ts';
import { rowSecurity } from '../../row-security.ts';
import { asRole, hasTable } from '../status/reading-connection.ts';
import type { LogFacts } from './check-log.ts';
import type { PostgresFacts } from './check-postgres.ts';
import { connectionsOf } from './connections-of.ts';

const settingNames = [
  'synchronous_commit',
  'fsync',
  'full_page_writes',
  'max_connections',
  'superuser_reserved_connections',
  'archive_mode',
  'server_version',
  'server_version_num',
];

/** Reads the facts of a migrated database, on a connection of `connectReading`. `now`: the clock of this machine. */
export const readPostgres = async (
  db: pg.Client,
  mode: PostgresFacts['mode'],
  now: () => number,
): Promise<PostgresFacts> => {
  const settings = await settingsOf(db);
  const migrations = await migrationState(db);
  const isCurrent = migrations.pending.length === 0 && migrations.unknown.length === 0;
  return {
    versionNumber: Number(settings.server_version_num),
    version: settings.server_version ?? '',
    settings,
    slots: await slotsOf(db),
    clockDifferenceMs: await clockDifference(db, now),
    mode,
    connectionsMax: connectionsOf(await rolesOf(db), mode),
    migrations,
    rowSecurityFaults: isCurrent ? await asRole(db, 'ledger_owner', () => lintCatalog(db, rowSecurity)) : null,
  };
};

const settingsOf = async (db: pg.Client): Promise<Readonly<Record<string, string>>> => {
  const { rows } = await db.query<{ name: string; setting: string }>(
    'select name, setting from pg_catalog.pg_settings where name = any($1)',
    [settingNames],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
};

const slotsOf = async (db: pg.Client): Promise<PostgresFacts['slots']> => {
  const { rows } = await db.query<{ name: string; isActive: boolean; retained: string | null }>(
    `select slot_name as name, active as "isActive",
        case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end as retained
      from pg_catalog.pg_replication_slots`,
  );
  return rows.map(({ name, isActive, retained }) => ({ name, isActive, retainedBytes: Number(retained ?? 0) }));
};

const clockDifference = async (db: pg.Client, now: () => number): Promise<number> => {
  const before = now();
  const { rows } = await db.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  );
  const after = now();
  return (before + after) / 2 - (rows[0]?.ms ?? before);
};

const rolesOf = async (db: pg.Client): Promise<readonly (readonly string[])[]> => {
  if (!(await hasTable(db, 'ops.processes'))) return [];
  return asRole(db, 'ledger_projector', async () => {
    const { rows } = await db.query<{ roles: string[] }>(
      `select roles from ops.processes where seen_at > clock_timestamp() - make_interval(secs => ${silentSeconds})`,
    );
    return rows.map(({ roles }) => roles);
  });
};

/** Returns the version bounds of licenses that are no versions. Null: other read models serve, or it takes too long. */
export const readBounds = async (db: pg.Client): Promise<LogFacts['unreadableBounds']> =>
  asRole(db, 'ledger_projector', async () => {
    if (activeAmong(await versionsOf(db))?.shape !== ownRelease().shape) return null;
    try {
      const { rows } = await db.query<{ bound: string; licenses: number }>(
        `select bound, count(*)::integer as licenses from rm.licenses l
          cross join lateral unnest(array[l.policy #>> '{versions,from}', l.policy #>> '{versions,below}']) bound
          where bound is not null group by bound order by bound`,
      );
      return rows.filter(({ bound }) => !isVersion(bound));
    } catch {
      return null;
    }
  });
