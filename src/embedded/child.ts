import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { postgresEnvironment, type User } from './run-program.ts';

/** A process that we started. */
export type Child = {
  readonly process: ChildProcess;
  /** Resolves when the process has ended, with a text that tells how and its last lines. Never rejects. */
  readonly exited: Promise<string>;
};

/** Starts a program in a process group of its own, so that a Ctrl-C in the terminal reaches only us. */
export const spawnLogged = (
  [program = '', ...args]: readonly string[],
  options: { name: string; log: (line: string) => void; keepsStdin: boolean; user?: User },
): Child =>
  supervised(
    spawn(program, args, {
      stdio: [options.keepsStdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
      env: postgresEnvironment,
      cwd: '/',
      ...options.user,
    }),
    options,
  );

const linesKept = 15;

/** Logs the output of a child, remembers its last lines, and tells how it ended. */
export const supervised = (
  child: ChildProcess,
  { name, log }: { name: string; log: (line: string) => void },
): Child => {
  const last: string[] = [];
  const keep = (line: string) => {
    last.push(line);
    if (last.length > linesKept) last.shift();
    log(line);
  };
  for (const output of [child.stdout, child.stderr]) readLines(output, keep);
  // A guard may end before it has read its input. That is no error here; its end is reported below.
  child.stdin?.on('error', () => {});
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => resolve([`${name} ${how}.`, ...last].join('\n  '));
    child.on('error', (error) => end(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => end(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
  });
  return { process: child, exited };
};

/** Sends the signals one after another, eight seconds apart, until the child has ended. `undefined` only waits. */
export const endWith = async (child: Child, signals: readonly (NodeJS.Signals | undefined)[]): Promise<void> => {
  for (const signal of signals) {
    if (hasEnded(child)) break;
    if (signal !== undefined) send(child.process, signal);
    const timer = new AbortController();
    await Promise.race([child.exited, sleep(8_000, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
  }
  child.process.stdin?.destroy();
};

const hasEnded = ({ process: child }: Child): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

// SIGKILL goes to the whole group: a guard that is killed alone would leave its program running.
const send = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (signal === 'SIGKILL' && child.pid !== undefined && process.platform !== 'win32') {
    try {
      process.kill(-child.pid, signal);
      return;
    } catch {
      // The group no longer exists, but the child itself may still be there.
    }
  }
  child.kill(signal);
};

const readLines = (output: Readable | null, take: (line: string) => void): void => {
  if (output) createInterface({ input: output }).on('line', take);
};
