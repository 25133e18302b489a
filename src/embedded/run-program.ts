import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A user of the system, by its numeric ids. */
export type User = { readonly uid: number; readonly gid: number };

/** How to start a program as another user. */
export type Launch = {
  /** A command to put before the program, and before a guard: a change of user would disable the guard. */
  readonly prefix: readonly string[];
  /** The user that the program runs as. */
  readonly user?: User;
};

/** The directories of system programs. It replaces the PATH of our process, which may name other directories. */
const systemPath = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin';

/** The environment of every Postgres program. Ours may contain secrets, and PG… variables that change its behaviour. */
export const postgresEnvironment: NodeJS.ProcessEnv | undefined =
  process.platform === 'win32' ? undefined : { LANG: 'C', LC_ALL: 'C', TZ: 'UTC', PATH: systemPath };

/** Runs a program to its end. Rejects with its output when it fails. */
export const run = async ({ prefix, user }: Launch, program: string, args: readonly string[]): Promise<void> => {
  const [command = program, ...rest] = [...prefix, program, ...args];
  await promisify(execFile)(command, rest, { env: postgresEnvironment, cwd: '/', ...user });
};
