import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** The compiled product, as users run it, in its own process group. */
export type Program = {
  readonly process: ChildProcess;
  /** The URL of its API. Empty without an API. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

/** The command that starts the compiled product without `npm`. */
export const ledgerStart: readonly string[] = [process.execPath, 'bin/ledger.js', 'start'];

/**
 * Starts the product and waits until it prints that it is ready. Throws an Error with its output when it ends before.
 */
export const startProgram = async (
  [program = '', ...args]: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
): Promise<Program> => {
  const env = { ...process.env, PORT: '0', MANAGEMENT_PORT: '0', LOG_LEVEL: 'warn', ...variables };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = once(child, 'exit');
  let text = '';
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        if (text.includes('is ready')) return;
        text += chunk;
        if (text.includes('is ready')) resolve();
      });
    }
  });
  await Promise.race([ready, ended]);
  if (!text.includes('is ready')) throw new Error(`The product ended before it was ready:\n${text}`);
  const stop = async () => {
    const group = -(child.pid ?? 0);
    process.kill(group, 'SIGTERM');
    await ended;
    // npm ends before the server that it started.
    while (isAlive(group)) await delay(20);
  };
  return { process: child, url: /is ready on (\S+)/.exec(text)?.[1] ?? '', stop };
};

const isAlive = (group: number): boolean => {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
};
