import type pg from 'pg';
import type { LogLine } from '../postgres/log.ts';
import { migrate } from '../postgres/migrate.ts';
import { becomeOwner, ownDirectory } from '../postgres/sql-files.ts';
import { installFirst } from './install-version.ts';
import { ownRelease } from './release.ts';
import { readShape } from './shape.ts';
import { activeAmong, versionsOf } from './versions.ts';

type Options = {
  /** The login of DATABASE_URL: a superuser, or one that may create roles and schemas. */
  readonly url: string;
  readonly log: LogLine;
  /** Where the SQL files are; the package's own db/ unless a test says otherwise. */
  readonly directory?: string;
  /** The number of the release that these files are of. */
  readonly release?: number;
};

/**
 * Migrates the database, as `migrate` says; then makes the first read models, empty, where there are none. Those of
 * another release stay as they are: see `upgrade`. Any number of processes may call this at once. Throws, before changing
 * anything, when an applied file was edited since or belongs to a newer version.
 */
export const prepareDatabase = ({
  url,
  log,
  directory = ownDirectory,
  release = ownRelease().number,
}: Options): Promise<void> =>
  migrate({
    url,
    log,
    directory,
    folders,
    formerFolders: ['read-models'],
    finish: (db) => makeReadModels(db, directory, release, log),
  });

// In this order. Not db/read-models, which can be made anew at any time; nor db/eventstore, which is the embedded event
// store's, in another database.
const folders = ['base', 'ops', 'vault', 'identity'];

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
  // Earlier releases noted these files one by one.
  await db.query(`delete from ops.migrations where file like 'read-models/%'`);
  await db.query('commit');
  log(
    { version, files: shape.files.map(({ file }) => file) },
    'The read models were made; the projector folds them from the start of the log.',
  );
};
