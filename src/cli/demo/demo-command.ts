import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentWith, loadConfig } from '../../config.ts';
import { places } from '../../embedded/data-directory.ts';
import { holderOf } from '../../embedded/lock.ts';
import { ownFile } from '../../own-files.ts';
import { takeDirectoryTurn } from '../directory-turn.ts';
import { CommandEnded, exitCodes, RefusedByPolicy } from '../exit-codes.ts';
import { verify } from '../verify.ts';
import type { DemoTarget } from './demo-api.ts';
import { walkLicense } from './walk-license.ts';

/**
 * `ledger demo`: walks a license through its life on the running server, or on a server that it starts and stops. A demo
 * that finds the server of another demo waits for the end of that one, because the server ends with it.
 */
export const demoCommand = async ({ json }: { readonly json: boolean }): Promise<void> => {
  const print = (text: string) => console.log(json ? JSON.stringify({ text }) : text);
  const { dataDir, servers } = loadConfig();
  if (servers.mode === 'servers')
    throw new RefusedByPolicy(
      'ledger demo works only with the embedded servers, because it adds a demo organization. DATABASE_URL is set.',
    );
  const turn = await takeDirectoryTurn(dataDir, 'demo', () =>
    print('Another demo is at work here. This one waits until it may begin.'),
  );
  const running = await serverOf(dataDir, print);
  // Demos on a server that stays run at the same time.
  if (running !== null) await turn.release();
  const started = running === null ? await startServer(print) : null;
  try {
    const target = running ?? (await runningServer(dataDir));
    if (!target)
      throw new Error(
        `The server started but ${join(dataDir, 'demo.json')} does not name it. Only the first start of a data directory creates the demo: set another LEDGER_DATA_DIR.`,
      );
    print(running ? `Using the server on ${target.baseUrl}.\n` : `Started a server on ${target.baseUrl}.\n`);
    await walkLicense(target, print);
    print('\nledger verify:');
    process.exitCode = await verify({ json });
  } finally {
    if (started) await stopServer(started);
    await turn.release();
  }
};

/**
 * Returns the server of this directory, once it is ready. Returns null when none runs. Throws CommandEnded with the exit
 * code 4 when the server is not ready within a minute.
 */
const serverOf = async (dataDir: string, print: (line: string) => void): Promise<DemoTarget | null> => {
  const until = performance.now() + readyMsMax;
  for (let told = ''; ; ) {
    const target = await demoTarget(dataDir);
    const reason = target === null ? 'it is starting' : await notReady(target);
    if (reason === null || (await holderOf(places(resolve(dataDir)).lock)) === undefined)
      return reason === null ? target : null;
    if (performance.now() > until)
      throw new CommandEnded(
        exitCodes.unreachable,
        `The server here is not ready after ${readyMsMax / 1_000} seconds: ${reason}. See ledger status.`,
      );
    if (reason !== told) print(`The server here is not ready: ${reason}. The demo waits until it is.`);
    told = reason;
    await delay(500);
  }
};

const readyMsMax = 60_000;

const runningServer = async (dataDir: string): Promise<DemoTarget | null> => {
  const target = await demoTarget(dataDir);
  return target !== null && (await notReady(target)) === null ? target : null;
};

const demoTarget = async (dataDir: string): Promise<DemoTarget | null> => {
  const text = await readFile(join(dataDir, 'demo.json'), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as DemoTarget);
};

/** Returns why a server is not ready, as its /readyz says, or null when it is. */
const notReady = async ({ baseUrl }: DemoTarget): Promise<string | null> => {
  const answer = await fetch(new URL('/readyz', baseUrl), { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  if (answer?.ok) return null;
  const problem: unknown = await answer?.json().catch(() => null);
  const isProblem = typeof problem === 'object' && problem !== null && 'detail' in problem;
  return isProblem ? String(problem.detail).replace(/\.$/, '') : 'it is starting';
};

const startServer = async (print: (text: string) => void): Promise<ChildProcess> => {
  print('No server runs here. The demo starts one.');
  const launcher = fileURLToPath(ownFile('bin/ledger.js'));
  // The lines of the log for each request would hide the walk. Faults are still shown.
  const env = environmentWith({ LOG_LEVEL: 'warn' });
  // The server ends when the channel closes, so it does not outlive a demo that is killed.
  const child = spawn(process.execPath, [launcher, 'start'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env });
  const { stdout } = child;
  if (stdout === null) throw new Error('The server has no output.');
  const ready = (async () => {
    let text = '';
    for await (const chunk of stdout) {
      text += chunk;
      if (text.includes('is ready on')) return true;
    }
    return false;
  })();
  if (await ready) {
    stdout.resume();
    return child;
  }
  throw new Error('The server ended before it was ready. The reason is above.');
};

const stopServer = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  // The server stops in order when the channel closes. On Windows a signal would leave its Postgres running.
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  await exited;
};
