import type { Pool } from 'pg';
import pg from 'pg';
import type { Log } from '../../postgres/log.ts';
import { createPool } from '../connect.ts';
import { ownRelease, type Release } from '../release.ts';
import { loadingSchemaOf, schemaOf, type Version, versionsOf } from '../versions.ts';

/**
 * Connections to the tables that serve and to those of another version, as ledger_projector, without time limits.
 * `loading`: to the other version as ledger_owner while rows are loaded into it, see bulk-load.ts.
 */
export type Pools = { readonly serving: Pool; readonly next: Pool; readonly loading: Pool };

/**
 * Runs `work` while no other rebuild of this database runs. `db`: a connection of the login of DATABASE_URL without
 * limits on the time of statements. Throws RebuildUnderWay when another rebuild runs.
 */
export const rebuildAlone = async <T>(databaseUrl: string, work: (db: pg.Client) => Promise<T>): Promise<T> => {
  const db = new pg.Client({ connectionString: databaseUrl, application_name: 'ledger-rebuild', keepAlive: true });
  // The current statement, or the next one, fails with the same error.
  db.on('error', () => {});
  await db.connect();
  try {
    await db.query(`set statement_timeout = 0; set lock_timeout = '3s'`);
    await noticeLostConnection(db);
    // A killed rebuild holds the lock until Postgres notices that its connection is lost.
    await db.query('select pg_advisory_lock($1)', [lockKey]).catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError) || error.code !== lockNotAvailable) throw error;
      throw new RebuildUnderWay();
    });
    await db.query('set lock_timeout = 0');
    return await work(db);
  } finally {
    await db.end();
  }
};

type PoolOptions = {
  readonly databaseUrl: string;
  readonly projectorUrl: string;
  readonly log: Log;
  readonly release?: Release;
};

/** Runs `work` with connections to the serving tables and to those of `version`. */
export const withPools = async <T>(
  { databaseUrl, projectorUrl, log, release = ownRelease() }: PoolOptions,
  version: Version,
  work: (pools: Pools) => Promise<T>,
): Promise<T> => {
  const common = { max: 2, log, release, answerTimeoutMs: 0 } as const;
  const projector = { ...common, url: projectorUrl, role: 'ledger_projector' } as const;
  const pools = {
    serving: createPool({ ...projector, searchPath: 'rm' }),
    next: createPool({ ...projector, searchPath: schemaOf(version) }),
    // The first connection is opened when it is used.
    loading: createPool({ ...common, searchPath: loadingSchemaOf(version), url: databaseUrl, role: 'ledger_owner' }),
  };
  try {
    return await work(pools);
  } finally {
    await Promise.all(Object.values(pools).map((pool) => pool.end()));
  }
};

/**
 * Lets Postgres end a statement whose program was killed, such as an index of many rows. Without it the statement would
 * hold the lock of this module to its end.
 */
const noticeLostConnection = async (db: pg.Client): Promise<void> => {
  try {
    await db.query(`set client_connection_check_interval = '1s'`);
  } catch (error) {
    // Postgres cannot do that on every system, such as Windows.
    if (!(error instanceof pg.DatabaseError) || error.code !== invalidValue) throw error;
  }
};

/** Returns every version. Reads as ledger_owner, because the login itself may have no rights. */
export const versionsAsOwner = async (db: pg.Client): Promise<readonly Version[]> => {
  await db.query('set role ledger_owner');
  const versions = await versionsOf(db);
  await db.query('reset role');
  return versions;
};

/** Another rebuild of the same database runs. */
export class RebuildUnderWay extends Error {
  override readonly name = 'RebuildUnderWay';

  constructor() {
    super('Another rebuild of the read models is under way: wait for its end, or stop it first.');
  }
}

const lockKey = 7_203_114_559;
const lockNotAvailable = '55P03';
const invalidValue = '22023';
