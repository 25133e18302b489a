import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { readLogState } from '../../../src/eventstore/copy/log-state.ts';
import { connectEventStore } from '../../../src/eventstore/eventstoredb.ts';
import { prepareDatabase } from '../../../src/projections/prepare-database.ts';
import { createDatabase } from '../../support/database.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { condition, runLedger } from '../../support/product.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

// A backup and a restore that are killed midway. A lock of the test holds them where they are.
const secret = Buffer.alloc(32, 7).toString('base64');
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const settings = (databaseUrl: string, logUrl: string) => ({
  ...{ DATABASE_URL: databaseUrl, EVENTSTORE_URL: ledger.store.url, LEDGER_EVENTSTORE_DATABASE_URL: logUrl },
  ...{ LEDGER_SECRET: secret, LEDGER_ENV_FILE: 'none' },
});
const begin = (args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess =>
  spawn(process.execPath, ['bin/ledger.js', ...args], { env: { ...process.env, ...env }, stdio: 'ignore' });
const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'close');
};
const holding = async (url: string, statement: string) => {
  const db = new pg.Client(url);
  await db.connect();
  await db.query(`begin; ${statement}`);
  const isWaitedFor = async () => {
    const { rows } = await db.query(
      `select from pg_locks waiting where not granted and pg_backend_pid() = any(pg_blocking_pids(waiting.pid))`,
    );
    return rows.length > 0;
  };
  return { isWaitedFor, release: () => db.end() };
};

test('A killed backup is no backup, and a killed restore is completed by the next one', async () => {
  const [target, log] = [await createDatabase(), await createDatabase()];
  onTestFinished(async () => void (await Promise.all([target.drop(), log.drop()])));
  const to = await temporaryDirectory();
  const source = settings(ledger.database.url, ledger.store.databaseUrl);
  const held = await holding(ledger.database.url, 'lock table vault.seat_holders in access exclusive mode');
  const backup = begin(['backup', '--to', to], source);
  await condition('the backup waits', held.isWaitedFor);
  await kill(backup);
  await held.release();
  const [unfinished = ''] = await readdir(to);
  expect(unfinished).toMatch(/^unfinished-/);
  const places = settings(target.url, log.url);
  expect(await runLedger(['restore', '--from', path.join(to, unfinished)], places)).toMatchObject({
    code: 2,
    output: expect.stringContaining('was killed, so it is not whole'),
  });
  const whole = await runLedger(['backup', '--to', to, '--json'], source);
  expect(whole).toMatchObject({ code: 0, output: expect.stringContaining(unfinished) });
  const { directory } = JSON.parse(whole.output.slice(whole.output.indexOf('{'))) as { directory: string };

  // A restore that is killed while it migrates.
  await prepareDatabase({ url: target.url, log: () => {}, only: (file) => file.startsWith('base/') });
  const migrates = await holding(target.url, 'lock table ops.migrations in share mode');
  const first = begin(['restore', '--from', directory], places);
  await condition('the migration waits', migrates.isWaitedFor);
  await kill(first);
  await migrates.release();

  // The restore empties this table after it has written all rows, and before it commits them.
  const lock = 'lock table identity.access_changes in access share mode';
  await prepareDatabase({ url: target.url, log: () => {} });
  const waits = await holding(target.url, lock);
  const restore = begin(['restore', '--from', directory], places);
  await condition('the restore waits', waits.isWaitedFor);
  await kill(restore);
  await waits.release();

  const server = await startEventStore({ access: 'INSECURE', databaseUrl: log.url, port: 0 });
  const url = `esdb://127.0.0.1:${server.port}?tls=false`;
  const store = connectEventStore({ url });
  expect(await readLogState(store)).toMatchObject({ kind: 'RESTORING' });
  await store.close();
  expect(await runLedger(['start'], { ...places, EVENTSTORE_URL: url })).toMatchObject({
    code: 5,
    output: expect.stringContaining('is restored from a backup'),
  });
  await server.stop();

  const completed = await runLedger(['restore', '--from', directory], places);
  expect([completed.code, completed.output]).toEqual([0, expect.stringContaining('Intact')]);
}, 300_000);
