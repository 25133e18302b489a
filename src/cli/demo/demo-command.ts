import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentWith, loadConfig } from '../../config.ts';
import { places } from '../../embedded/data-directory.ts';
import { holderOf } from '../../embedded/lock.ts';
import { takeDirectoryTurn } from '../directory-turn.ts';
import { RefusedByPolicy } from '../exit-codes.ts';
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
        `The server started but ${join(dataDir, 'demo.json')} does not name it. Remove that file and start again.`,
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

/** Returns the server of this directory, once it is ready. Returns null when none runs. */
const serverOf = async (dataDir: string, print: (line: string) => void): Promise<DemoTarget | null> => {
  for (let isFirst = true; ; isFirst = false) {
    const target = await runningServer(dataDir);
    if (target !== null || (await holderOf(places(resolve(dataDir)).lock)) === undefined) return target;
    if (isFirst) print('A server is starting here. The demo waits until it is ready.');
    await delay(500);
  }
};

const runningServer = async (dataDir: string): Promise<DemoTarget | null> => {
  const text = await readFile(join(dataDir, 'demo.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const target = JSON.parse(text) as DemoTarget;
  const ready = await fetch(new URL('/readyz', target.baseUrl)).catch(() => null);
  return ready?.ok ? target : null;
};

const startServer = async (print: (text: string) => void): Promise<ChildProcess> => {
  print('No server runs here. The demo starts one.');
  const launcher = fileURLToPath(new URL('../../../bin/ledger.js', import.meta.url));
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
  child.kill('SIGTERM');
  await once(child, 'exit');
};
