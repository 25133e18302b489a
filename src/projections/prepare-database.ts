import type pg from 'pg';
import type { LogLine } from '../postgres/log.ts';
import { type MigrationState, migrate, readMigrations } from '../postgres/migrate.ts';
import { becomeOwner, ownDirectory } from '../postgres/sql-files.ts';
import { installFirst } from './install-version.ts';
import { ownRelease } from './release.ts';
import { readShape } from './shape.ts';
import { activeAmong, versionsOf } from './versions.ts';

type Options = {
  /** The login of DATABASE_URL: a superuser, or one that may create roles and schemas. */
  readonly url: string;
  readonly log: LogLine;
  /** The directory of the SQL files. Default: db/ of this package. */
  readonly directory?: string;
  /** The number of the release of these files. */
  readonly release?: number;
  /** Applies only the files that it accepts, by `folder/file`, and makes no read models. Default: all. */
  readonly only?: (file: string) => boolean;
};

/**
 * Migrates the database with `migrate`, then creates empty read models when there are none. Leaves the read models of
 * another release as they are; `upgrade` replaces them. Any number of processes may call this at once. Throws, before
 * changing anything, when an applied file was edited since or belongs to a newer version.
 */
export const prepareDatabase = ({
  url,
  log,
  directory = ownDirectory,
  release = ownRelease().number,
  only,
}: Options): Promise<void> =>
  migrate({
    url,
    log,
    directory,
    folders: migratedFolders,
    formerFolders,
    ...(only && { only }),
    // They belong to the tables of this release.
    finish: only ? async () => {} : (db) => makeReadModels(db, directory, release, log),
  });

/** The folders of db/ that `prepareDatabase` applies, in this order. */
// db/read-models is missing because a rebuild can create it at any time. db/eventstore is missing
// because it belongs to the embedded event store, in another database.
export const migratedFolders = ['base', 'ops', 'vault', 'identity'];

/** Earlier releases migrated these. */
export const formerFolders = ['read-models'];

/** Compares the SQL files of this program with a database, as `readMigrations` does. */
export const migrationState = (db: pg.Client, directory = ownDirectory): Promise<MigrationState> =>
  readMigrations(db, { directory, folders: migratedFolders, formerFolders });

const makeReadModels = async (db: pg.Client, directory: string, release: number, log: LogLine): Promise<void> => {
  await db.query('begin');
  await becomeOwner(db);
  const active = activeAmong(await versionsOf(db));
  await db.query('reset role');
  if (active !== undefined) {
    await db.query('rollback');
    return;
  }
  const shape = readShape(directory);
  const { version } = await installFirst(db, shape, release);
  await becomeOwner(db);
  // Earlier releases recorded these files one by one.
  await db.query(`delete from ops.migrations where file like 'read-models/%'`);
  await db.query('commit');
  log(
    { version, files: shape.files.length },
    'The read models were made; the projector folds them from the start of the log.',
  );
};
