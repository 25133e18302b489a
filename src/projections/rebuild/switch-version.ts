import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { retry } from '../../async/retry.ts';
import type { Position } from '../../eventstore/event-store.ts';
import { becomeOwner } from '../../postgres/sql-files.ts';
import { projectedChannel, projectedNotice, readCheckpoint } from '../checkpoint.ts';
import { dropVersions } from '../install-version.ts';
import { projectionOf, readModelsName, schemaOf, type Version, versionsOf } from '../versions.ts';

/**
 * Lets `next` serve, in one transaction. Keeps the version that served as the previous one, and drops the old previous
 * one. Holds the checkpoint of the active version while `reach` brings `next` up to it. Renames schemas, which locks no
 * tables: readers of the same shape neither wait nor fail, and readers of another shape are refused from then on.
 * Retries while a projector holds the checkpoint or a reader of the old shape reads. `db` is the login of DATABASE_URL.
 */
export const switchVersion = (
  db: pg.Client,
  next: Version,
  reach: (position: Position) => Promise<void>,
): Promise<void> =>
  retry(
    () =>
      switchOnce(db, next, reach).catch(async (error: unknown) => {
        await db.query('rollback');
        throw error;
      }),
    (error, failures) => {
      const isBusy = error instanceof pg.DatabaseError && busy.has(error.code ?? '');
      return isBusy && failures < attemptsMax ? pauseMs : null;
    },
  );

/**
 * Lets `ledger_owner` rename schemas. When the login may not grant that, throws a sentence with the statement to run.
 */
export const letOwnerRenameSchemas = async (db: pg.Client): Promise<void> => {
  const { rows } = await db.query<{ may: boolean; database: string }>(
    `select has_database_privilege('ledger_owner', current_database(), 'create') as may,
      quote_ident(current_database()) as database`,
  );
  const [right] = rows;
  if (right === undefined || right.may) return;
  const grant = `grant create on database ${right.database} to ledger_owner`;
  try {
    await db.query(grant);
  } catch (error) {
    throw new Error(`The role ledger_owner may not rename schemas. Ask an administrator to run: ${grant}`, {
      cause: error,
    });
  }
};

const switchOnce = async (
  db: pg.Client,
  next: Version,
  reach: (position: Position) => Promise<void>,
): Promise<void> => {
  await db.query(`begin; set local lock_timeout = '2s'`);
  await becomeOwner(db);
  const versions = await versionsOf(db);
  const active = versions.find(({ state }) => state === 'active');
  if (active === undefined || !versions.some(({ version }) => version === next.version)) {
    throw new Error('Another process has changed the versions of the read models. Start the rebuild again.');
  }
  await lockCheckpoint(db, active);
  const { position } = await readCheckpoint(db, projectionOf(active));
  if (position !== 'start') await inTime(reach(position));
  await lockCheckpoint(db, next);

  const replaced = { ...active, state: 'previous' } as const;
  await dropVersions(
    db,
    versions.filter(({ state, version }) => state === 'previous' && version !== next.version),
  );
  await becomeOwner(db);
  // Readers of the old shape must end first; see ops.require_read_models. New readers do not wait for long.
  if (active.shape !== next.shape)
    await db.query(`set local lock_timeout = '300ms'; select pg_advisory_xact_lock(${readersLock})`);
  await db.query(`alter schema rm rename to ${schemaOf(replaced)}`);
  await db.query(`alter schema ${schemaOf(next)} rename to rm`);
  await db.query(
    `update ops.projection_versions set state = case version when $2 then 'active' else 'previous' end,
        switched_at = case version when $2 then now() else switched_at end, is_level = is_level or version = $2
      where projection = $1 and version in ($2, $3)`,
    [readModelsName, next.version, active.version],
  );
  // This stops a projector that waits for its checkpoint, because its connection still uses the previous schema.
  await db.query(
    `update ops.checkpoints set schema_name = case version when $2 then 'rm' else $4 end
      where projection = $1 and version in ($2, $3)`,
    [readModelsName, next.version, active.version, schemaOf(replaced)],
  );
  const { position: at } = await readCheckpoint(db, projectionOf(next));
  await db.query(`select pg_notify('${projectedChannel}', $1)`, [
    projectedNotice(next, at === 'start' ? null : at.commit),
  ]);
  await db.query('commit');
};

// The serving tables get no events while the checkpoint is held.
const inTime = async (reached: Promise<void>): Promise<void> => {
  const patience = new AbortController();
  const late = delay(reachMs, 'late', { signal: patience.signal }).catch(() => undefined);
  try {
    if ((await Promise.race([reached, late])) === 'late')
      throw new Error(
        'The event store did not deliver in time what the serving read models have already. Start the rebuild again.',
      );
  } finally {
    patience.abort();
  }
};

const lockCheckpoint = async (db: pg.Client, { version }: Version): Promise<void> => {
  await db.query('select from ops.checkpoints where projection = $1 and version = $2 for update', [
    readModelsName,
    version,
  ]);
};

// As in ops.require_read_models.
const readersLock = 7_203_114_560;
const reachMs = 5_000;
const attemptsMax = 20;
const pauseMs = 250;
// lock_not_available, deadlock_detected
const busy: ReadonlySet<string> = new Set(['55P03', '40P01']);
