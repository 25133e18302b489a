import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { descendants, survivors } from '../support/processes.ts';
import { condition, processesOf } from '../support/product.ts';
import { sampled } from '../support/size.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'ledger-signals-'));
const isReady = (output: string) => output.includes('is ready on');

beforeAll(() => copyProductData(dataDir), 120_000);
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Runs the real `npm start` in a process group of its own, as a terminal does, and waits until it has come so far. */
const npmStart = async (hasCome: (output: string) => boolean) => {
  const npm = spawn('npm', ['start'], {
    env: { ...process.env, LEDGER_DATA_DIR: dataDir, PORT: '0', MANAGEMENT_PORT: '0', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const ended = once(npm, 'close').then(([code, signal]) => code ?? signal);
  await condition('npm start has come so far', () => hasCome(output), 60_000);
  return { npm, ended, started: descendants(npm.pid ?? 0) };
};

test('After kill -9 of ledger demo, the server that it started ends, too', async () => {
  const env = { ...process.env, LEDGER_DATA_DIR: dataDir, PORT: '0', MANAGEMENT_PORT: '0' };
  const demo = spawn(process.execPath, ['bin/ledger.js', 'demo'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(demo.stdout, 'data');
  await condition('the demo has started a server', () => descendants(demo.pid ?? 0).length > 0);
  const started = descendants(demo.pid ?? 0);
  demo.kill('SIGKILL');
  await condition('no process is left', () => survivors(started).length === 0 && processesOf(dataDir).length === 0);
});

const toGroup = (signal: NodeJS.Signals) => (npm: ChildProcess) => void process.kill(-(npm.pid ?? 0), signal);
const toNpm = (signal: NodeJS.Signals) => (npm: ChildProcess) => void npm.kill(signal);
/** Returns the state in Postgres' control file: the number after the identifier and two versions. */
const stateOfCluster = () => readFileSync(path.join(dataDir, 'postgres', 'global', 'pg_control')).readInt32LE(16);
const shutDown = 1;
const startsPostgres = () => existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'));

test.each(
  sampled(
    [
      ['SIGTERM to npm alone, as in a container', toNpm('SIGTERM'), isReady, 0],
      ['Ctrl-C, which reaches the server twice', toGroup('SIGINT'), isReady, 0],
      ['SIGTERM in the middle of the start', toNpm('SIGTERM'), startsPostgres, 0],
      ['kill -9 of npm', toNpm('SIGKILL'), isReady, 'SIGKILL'],
    ],
    3,
  ),
)('After %s, nothing of npm start is left and Postgres has shut down', async (_, end, hasCome, code) => {
  const { npm, ended, started } = await npmStart(hasCome);
  end(npm);
  expect(await ended).toBe(code);
  await condition('no process is left', () => survivors(started).length === 0 && processesOf(dataDir).length === 0);
  expect(stateOfCluster()).toBe(shutDown);
  expect(existsSync(path.join(dataDir, 'runtime.json'))).toBe(false);
});
