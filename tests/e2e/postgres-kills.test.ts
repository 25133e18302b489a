import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { createPool } from '../../src/projections/connect.ts';
import { startStore } from '../support/event-store.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { copyCluster } from '../support/prepared.ts';
import { condition, runLedger, startLedgerProcess } from '../support/product.ts';
import { quiet } from '../support/read-models.ts';
import { sized } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { createVendor } from '../support/vendor.ts';
import { startClient, type Target } from './load.ts';

const kills = Math.max(2, sized(20));
const clients = 6;
const lagSecondsMax = 30;

// The event store has a Postgres of its own, so that commands keep coming while the one of the read models is away.
test(`After each of ${kills} kills of Postgres under load the product continues, catches up within ${lagSecondsMax} seconds, and every row equals the fold`, {
  timeout: 120_000 + kills * 60_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`Kills are drawn from seed ${seed}.`);
  const random = randomFrom(seed);
  const dataDir = await temporaryDirectory();
  const port = await freePort();
  const start = () => startPostgres({ dataDir: join(dataDir, 'postgres'), password: 'tests', port });
  await copyCluster(join(dataDir, 'postgres'));
  let postgres = await start();
  const running = await startStore();
  const store = running.connect();
  const secret = randomBytes(32).toString('base64');
  const env = {
    DATABASE_URL: postgres.url,
    EVENTSTORE_URL: running.url,
    LEDGER_SECRET: secret,
    LEDGER_DATA_DIR: join(dataDir, 'unused'),
  };
  const background = await startLedgerProcess(['--roles', 'projector,worker'], env);
  const api = await startLedgerProcess(['--roles', 'api'], env);
  const apiKey = await createVendor({ databaseUrl: postgres.url, eventStoreUrl: running.url, secret });

  const target: Target = { baseUrl: api.url, apiKey };
  let isRunning = true;
  const load = Array.from({ length: clients }, () => startClient(target, () => isRunning));
  const acknowledged = () => load.reduce((sum, client) => sum + client.acknowledged.length, 0);
  const observer = createPool({ url: postgres.url, role: 'ledger_projector', max: 1, log: quiet });
  const hasCaughtUp = async () => {
    const head = await store.head({ timeoutMs: 5_000 });
    const checkpoint = observer.query<{ position: string }>(
      'select max(commit_position) as position from ops.checkpoints',
    );
    const { rows } = await checkpoint.catch(() => ({ rows: [] }));
    return head !== null && BigInt(rows[0]?.position ?? -1) >= head.commit;
  };

  for (let kill = 0; kill < kills; kill++) {
    const before = acknowledged();
    await condition('the load makes progress', () => acknowledged() > before + clients, 60_000);
    await delay(random() * 400);
    process.kill(postgres.pid, 'SIGKILL');
    await postgres.exited;
    postgres = await start();
    const restarted = performance.now();
    const answered = acknowledged();
    await condition('the lag is gone', hasCaughtUp, lagSecondsMax * 1_000);
    const caughtUpMs = Math.round(performance.now() - restarted);
    const isBack = async () => acknowledged() > answered + clients && (await hasCaughtUp());
    await condition('commands are answered and projected', isBack, 60_000);
    const backMs = Math.round(performance.now() - restarted);
    console.log(
      `Postgres was back: no lag after ${caughtUpMs} ms, commands answered and projected after ${backMs} ms.`,
    );
  }
  isRunning = false;
  await Promise.all(load.map(({ done }) => done));
  await condition('everything is projected', hasCaughtUp);
  expect(await runLedger(['verify', '--json'], env)).toMatchObject({
    code: 0,
    output: expect.stringContaining('"notProjected":0'),
  });

  for (const part of [api, background]) {
    part.process.kill('SIGTERM');
    expect(await part.ended).toBe(0);
  }
  await observer.end();
  await running.stop();
  await postgres.stop();
});
