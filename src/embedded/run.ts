import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A user of the system, by number. */
export type User = { readonly uid: number; readonly gid: number };

/** How to spawn a program as another user. */
export type Launch = {
  /** Goes before the program and its arguments, and before a guard: a change of user would take the guard away. */
  readonly prefix: readonly string[];
  /** The user to spawn as. */
  readonly user?: User;
};

/** Ends a program when our own process is gone, whatever ended it. */
export type Guard = {
  /** Goes before the program and its arguments. */
  readonly prefix: readonly string[];
  /** The guard waits for the end of its standard input: that must be a pipe whose other end only we hold. */
  readonly readsStdin: boolean;
};

/** Where the programs of every system are: ours alone, so that nothing is taken from a PATH we were given. */
const systemPath = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin';

/** The environment of every Postgres program. Ours may hold secrets, and PG… variables that change what they do. */
export const postgresEnvironment: NodeJS.ProcessEnv | undefined =
  process.platform === 'win32' ? undefined : { LANG: 'C', LC_ALL: 'C', TZ: 'UTC', PATH: systemPath };

/** Runs a program to its end; fails with what it wrote. */
export const run = async ({ prefix, user }: Launch, program: string, args: readonly string[]): Promise<void> => {
  const [command = program, ...rest] = [...prefix, program, ...args];
  await promisify(execFile)(command, rest, { env: postgresEnvironment, cwd: '/', ...user });
};

/**
 * The kernel's promise where it can be had, as it needs no process of its own; else a shell that waits for an end. The
 * kernel sends one signal only, so it asks for an immediate shutdown: with a full disk an orderly one can hang for ever, and
 * recovery from its log is what Postgres is built for.
 */
export const chooseGuard = async (): Promise<Guard> => {
  if (process.platform === 'win32') return { prefix: [], readsStdin: false };
  // Who was orphaned before it could ask for the signal gets none: it looks for its parent once it has asked.
  const ifParentLives = ['/bin/sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid)];
  const prefix = ['setpriv', '--pdeathsig', 'QUIT', '--', ...ifParentLives];
  const worksHere = await run({ prefix }, 'true', []).then(
    () => true,
    () => false,
  );
  if (process.platform === 'linux' && worksHere) return { prefix, readsStdin: false };
  return shellGuard;
};

/** Exported for the tests: the guard of systems without setpriv. */
export const shellGuard: Guard = {
  readsStdin: true,
  prefix: [
    '/bin/sh',
    '-c',
    `exec 3<&0
"$@" </dev/null 3<&- & pid=$!
trap 'kill -INT $pid 2>/dev/null' TERM INT HUP
trap 'kill -QUIT $pid 2>/dev/null' QUIT
( read -r _ <&3; kill -INT $pid 2>/dev/null; sleep 10; kill -KILL $pid 2>/dev/null ) & watcher=$!
wait $pid; status=$?; while kill -0 $pid 2>/dev/null; do wait $pid; status=$?; done
kill $watcher 2>/dev/null; exit $status`,
    'guard',
  ],
};
