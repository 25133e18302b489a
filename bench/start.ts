import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const checkout = process.cwd();
const parts = [
  'src',
  'bin',
  'db',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  '.npmrc',
];

/** Seconds from `npm start` to its line that says ready: on a fresh copy with nothing compiled and no data, then again. */
export const measureStart = async (restarts: number): Promise<{ readonly cold: number; readonly warm: number }> => {
  const copy = await mkdtemp(join(tmpdir(), 'ledger-start-'));
  try {
    for (const part of parts) await cp(join(checkout, part), join(copy, part), { recursive: true });
    await symlink(join(checkout, 'node_modules'), join(copy, 'node_modules'));
    const cold = await secondsToReady(copy);
    let warm = Number.POSITIVE_INFINITY;
    for (let restart = 0; restart < restarts; restart++) warm = Math.min(warm, await secondsToReady(copy));
    return { cold, warm };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
};

const secondsToReady = async (folder: string): Promise<number> => {
  const startedAt = performance.now();
  const env = { ...process.env, PORT: '0', MANAGEMENT_PORT: '0' };
  const child = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'exit');
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.includes('is ready on')) break;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  if (!text.includes('is ready on')) throw new Error(`npm start ended before it was ready:\n${text}`);
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await ended;
  return seconds;
};
