import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { startStore } from '../support/event-store.ts';
import { type Issuing, issueDirectly, sendTo } from '../support/issue-directly.ts';
import { testId } from '../support/license-fixtures.ts';
import { copyCluster } from '../support/prepared.ts';
import { condition, startLedgerProcess } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const kills = Math.max(3, sized(20));
const looks = 50;

// Commands go straight to the event store, which has a Postgres of its own. So nothing but the projector writes to the
// Postgres that is killed, and nothing else makes it write its log to the disk.
test(`After each of ${kills} crashes of Postgres, a suspension that a client saw still applies and an issued license is found`, {
  timeout: 60_000 + kills * 60_000,
}, async () => {
  const dataDir = await temporaryDirectory();
  const port = await freePort();
  const start = () => startPostgres({ dataDir: join(dataDir, 'postgres'), password: 'tests', port });
  await copyCluster(join(dataDir, 'postgres'));
  let postgres = await start();
  const running = await startStore();
  const secret = randomBytes(32).toString('base64');
  const env = {
    DATABASE_URL: postgres.url,
    EVENTSTORE_URL: running.url,
    LEDGER_SECRET: secret,
    LEDGER_DATA_DIR: join(dataDir, 'unused'),
  };
  const background = await startLedgerProcess(['--roles', 'projector'], env);
  const api = await startLedgerProcess(['--roles', 'api'], env);

  const issuing: Issuing = {
    executor: createExecutor({ store: running.connect() }),
    secrets: parseSecrets(secret),
    needs: { now: () => new Date().toISOString() },
    projected: { waitFor: async () => true },
    a: { organizationId: testId('org', 'undone') },
  };
  const codeOf = async (licenseKey: string): Promise<unknown> => {
    const response = await fetch(new URL('/v1/licenses/validate', api.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ licenseKey }),
    });
    const body = (await response.json()) as { code?: string };
    return response.status === 200 ? body.code : response.status;
  };
  const issue = async () => {
    const issued = await issueDirectly(issuing);
    await condition('the license is valid', async () => (await codeOf(issued.licenseKey)) === 'VALID');
    return issued;
  };
  const crash = async () => {
    process.kill(postgres.pid, 'SIGKILL');
    await postgres.exited;
    postgres = await start();
  };

  let lost = 0;
  for (let kill = 0; kill < kills; kill++) {
    const { licenseId, licenseKey } = await issue();
    const suspend = { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } } as const;
    await sendTo(issuing, licenseId, suspend);
    await condition('the suspension is seen', async () => (await codeOf(licenseKey)) === 'SUSPENDED');
    await crash();
    const seen = new Set<unknown>();
    const look = async () => {
      const code = await codeOf(licenseKey);
      // What is answered with 503 is not known at the moment, which is no answer.
      if (code !== 503) seen.add(code);
      return code !== 503;
    };
    await condition('the license is answered again', look);
    for (let each = 0; each < looks; each++) await look();
    expect([...seen]).toEqual(['SUSPENDED']);

    // What only gives may be lost. Nothing else is written: the idle projector has to notice by itself.
    const fresh = await issue();
    await crash();
    let first: unknown;
    await condition('the issued license is found again', async () => {
      const code = await codeOf(fresh.licenseKey);
      if (code !== 503) first ??= code;
      return code === 'VALID';
    });
    if (first === 'NOT_FOUND') lost += 1;
    expect(await codeOf(licenseKey)).toBe('SUSPENDED');
  }
  console.log(`After ${lost} of ${kills} crashes an issued license was missing at first.`);

  for (const part of [api, background]) {
    part.process.kill('SIGTERM');
    expect(await part.ended).toBe(0);
  }
  await running.stop();
  await postgres.stop();
});
