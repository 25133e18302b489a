import { execFile } from 'node:child_process';
import { chmod, chown, cp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Binaries, executable } from './binaries.ts';
import { type Launch, run, type User } from './run-program.ts';

/** How to run a Postgres program as a user other than root, because Postgres refuses to run as root. */
export type RunAs = Launch & {
  readonly native: string;
  /** The user that must own the data; absent: the user of our process. */
  readonly owner?: User;
};

/**
 * Returns how to run Postgres. An ordinary user runs it directly. Root tries a user namespace in which it is nobody; no
 * file changes its owner then. Where the system forbids namespaces, root becomes the user nobody. `parentDir`: the
 * folder that contains the data directory.
 */
export const chooseRunAs = async (binaries: Binaries, parentDir: string): Promise<RunAs> => {
  const { native } = binaries;
  if (process.getuid?.() !== 0) return { native, prefix: [] };
  const namespace = { native, prefix: ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'] };
  if (await canWork(namespace, parentDir)) return namespace;
  return asNobody(native, parentDir);
};

/** Returns how root runs Postgres as the user nobody. Throws when nobody cannot reach `parentDir`. */
export const asNobody = async (native: string, parentDir: string): Promise<RunAs> => {
  const owner = await nobody();
  const plain = { native, prefix: [], user: owner, owner };
  if (await canWork(plain, parentDir)) return plain;
  const capable = { native, prefix: keepingAccess(owner), owner };
  if (await canWork(capable, parentDir)) return capable;
  const copied = await withCopy(plain, parentDir);
  if (await canWork(copied, parentDir)) return copied;
  throw new Error(
    `Postgres cannot run as root, and the user nobody cannot reach ${parentDir}. Start as an ordinary user, ` +
      'or set LEDGER_DATA_DIR to a directory that other users may enter, such as /var/lib/license-ledger.',
  );
};

/**
 * For systems without setpriv: opens `parentDir` to the user alone, or copies the programs to a place that it can
 * reach.
 */
export const withCopy = async (runAs: RunAs & { readonly owner: User }, parentDir: string): Promise<RunAs> => {
  await openTo(parentDir, runAs.owner);
  return (await canWork(runAs, parentDir)) ? runAs : { ...runAs, native: await copyOf(runAs.native, parentDir) };
};

/** Returns a command that runs a program as the user, with one right: to enter folders that are closed to the user. */
const keepingAccess = ({ uid, gid }: User): string[] => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--no-new-privs',
  '--inh-caps=-all,+dac_override',
  '--ambient-caps=-all,+dac_override',
  '--',
];

/** Returns the user nobody. It has an entry in passwd, because initdb reads the name there. */
export const nobody = async (): Promise<User> => {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(idOfNobody));
  return { uid: uid ?? 0, gid: gid ?? 0 };
};

const idOfNobody = async (option: string): Promise<number> => {
  const { stdout } = await promisify(execFile)('id', [option, 'nobody']).catch(() => {
    throw new Error('Postgres cannot run as root, and there is no user nobody. Start as an ordinary user.');
  });
  // macOS prints -2 as an unsigned number; spawn needs the signed one.
  return Number(stdout) | 0;
};

const canWork = (runAs: RunAs, parentDir: string): Promise<boolean> =>
  run(runAs, '/bin/sh', [
    '-c',
    'test -x "$1" && exec "$2" --version',
    'sh',
    parentDir,
    executable(runAs.native, 'postgres'),
  ]).then(
    () => true,
    () => false,
  );

/** Lets the user's group enter the folder, but not list it. */
const openTo = async (dir: string, { gid }: User): Promise<void> => {
  const { uid, mode } = await stat(dir);
  if (uid !== 0 || (mode & 0o077) !== 0) return;
  await chown(dir, 0, gid);
  await chmod(dir, 0o710);
};

const copyOf = async (native: string, parentDir: string): Promise<string> => {
  const copy = path.join(parentDir, 'postgres-programs');
  const unfinished = `${copy}.${process.pid}`;
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
  await rm(copy, { recursive: true, force: true });
  await rename(unfinished, copy);
  return copy;
};
