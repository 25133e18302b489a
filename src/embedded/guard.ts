import { run } from './run-program.ts';

/** A command that runs a program and ends it when our own process ends, for whatever reason. */
export type Guard = {
  /** The command, to put before the program and its arguments. */
  readonly prefix: readonly string[];
  /**
   * True when the guard waits for the end of its standard input. That must be a pipe that only our process writes to.
   */
  readonly readsStdin: boolean;
};

/**
 * Returns the guard of this system. The kernel's parent-death signal needs no process of its own; where it is missing,
 * a shell waits for the end of our process. The kernel can send one signal only, so it asks for an immediate shutdown.
 * With a full disk an orderly one can hang for ever, and Postgres recovers from its log.
 */
export const chooseGuard = async (): Promise<Guard> => {
  if (process.platform === 'win32') return { prefix: [], readsStdin: false };
  // The parent may have ended before the program asked for the signal. So the program then checks that it still lives.
  const ifParentLives = ['/bin/sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid)];
  const prefix = ['setpriv', '--pdeathsig', 'QUIT', '--', ...ifParentLives];
  const hasSetpriv = await run({ prefix }, 'true', []).then(
    () => true,
    () => false,
  );
  if (process.platform === 'linux' && hasSetpriv) return { prefix, readsStdin: false };
  return shellGuard;
};

/** The guard of systems without setpriv. Exported for the tests. */
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
