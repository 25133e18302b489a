import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { places } from '../../src/embedded/data-directory.ts';
import { tryLock } from '../../src/embedded/lock.ts';
import { testInFull } from '../support/in-full.ts';
import { copyProductData } from '../support/prepared.ts';
import { condition, processesOf, runLedger, startProduct } from '../support/product.ts';
import { temporaryDirectory } from '../support/temporary.ts';

let dataDir: string;
let env: { LEDGER_DATA_DIR: string; [name: string]: string };
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-demo-'));
  await copyProductData(dataDir);
  env = { LEDGER_DATA_DIR: dataDir, PORT: '0', MANAGEMENT_PORT: '0', EXPIRY_SWEEP_SECONDS: '1' };
}, 120_000);
afterAll(async () => {
  await condition('no process is left', () => processesOf(dataDir).length === 0);
  await rm(dataDir, { recursive: true });
}, 60_000);

const walked = {
  code: 0,
  output: expect.stringMatching(
    /EXPIRED[^\n]*\n +… waits for the sweep of the server[\s\S]*validate +REVOKED[\s\S]*LicenseExpired[\s\S]*Intact/,
  ),
};
const demo = () => runLedger(['demo'], env);

testInFull(
  'Two demos at once end well on a server that limits their requests',
  async () => {
    // Fewer requests than two demos send.
    const product = await startProduct({ ...env, RATE_LIMITS: 'enterprise=20/3' });
    try {
      expect(await Promise.all([demo(), demo()])).toMatchObject([walked, walked]);
    } finally {
      product.process.kill('SIGTERM');
      await product.ended;
    }
  },
  180_000,
);

test('A demo says why the running server is not ready', async () => {
  const directory = await temporaryDirectory();
  const lock = await tryLock(places(directory).lock);
  const server = createServer((_, answer) => {
    answer.writeHead(503).end(JSON.stringify({ detail: 'readModels: are being built.' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await writeFile(path.join(directory, 'demo.json'), JSON.stringify({ baseUrl: `http://127.0.0.1:${port}` }));
  const child = spawn(process.execPath, [path.join(process.cwd(), 'bin', 'ledger.js'), 'demo'], {
    env: { ...process.env, LEDGER_DATA_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [said] = await once(child.stdout, 'data');
  child.kill('SIGTERM');
  await ended;
  server.close();
  if (lock.isAcquired) await lock.release();
  expect(`${said}`).toContain('The server here is not ready: readModels: are being built. The demo waits');
});

// Each demo starts the whole product. The turns alone are tested with tests/cli/directory-turn.test.ts.
testInFull(
  'Two demos without a server take turns, each with a server that it starts and stops',
  async () => {
    const [one, two] = await Promise.all([demo(), demo()]);
    expect([one, two]).toMatchObject([walked, walked]);
    for (const { output } of [one, two]) expect(output).toContain('Started a server on');
  },
  180_000,
);
