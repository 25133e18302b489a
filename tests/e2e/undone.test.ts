import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { startStore } from '../support/event-store.ts';
import { condition, startLedgerProcess } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { createVendor } from '../support/vendor.ts';

const kills = sized(20);
// Long enough for an idle projector to compare its checkpoint.
const looks = 60;

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

// The event store has a Postgres of its own, so that only read models are lost.
test(`after each of ${kills} crashes of Postgres a suspension that a client has seen still holds, and an issued license is found again`, {
  timeout: 60_000 + kills * 60_000,
}, async () => {
  const dataDir = await temporaryDirectory();
  const port = await freePort();
  const start = () => startPostgres({ dataDir: join(dataDir, 'postgres'), password: 'tests', port });
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
  const apiKey = await createVendor({ databaseUrl: postgres.url, eventStoreUrl: running.url, secret });

  const send = async (path: string, body: object): Promise<Answer> => {
    const response = await fetch(new URL(path, api.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const codeOf = async (licenseKey: string) => {
    const { status, body } = await send('/v1/licenses/validate', { licenseKey });
    return status === 200 ? body.code : status;
  };
  const issue = async () => {
    const { body } = await send('/v1/licenses', { tier: 'PRO', products: ['local_cli'] });
    const issued = { id: (body.license as { id: string }).id, key: String(body.licenseKey) };
    await condition('the license is valid', async () => (await codeOf(issued.key)) === 'VALID');
    return issued;
  };

  for (let kill = 0; kill < kills; kill++) {
    const suspended = await issue();
    expect(
      await send(`/v1/licenses/${suspended.id}/suspend`, { reason: { code: 'FRAUD' } }),
    ).toMatchObject({ status: 200 });
    await condition('the suspension is seen', async () => (await codeOf(suspended.key)) === 'SUSPENDED');
    const fresh = await issue();
    process.kill(postgres.pid, 'SIGKILL');
    await postgres.exited;
    postgres = await start();

    const seen = new Set<unknown>();
    await condition('the license is answered again', async () => {
      const code = await codeOf(suspended.key);
      seen.add(code);
      return typeof code === 'string';
    });
    for (let look = 0; look < looks; look++) seen.add(await codeOf(suspended.key));
    expect([...seen].filter((code) => typeof code === 'string')).toEqual(['SUSPENDED']);
    // Nothing else is written: an idle projector has to notice by itself.
    await condition('the issued license is found again', async () => (await codeOf(fresh.key)) === 'VALID');
    expect(await codeOf(suspended.key)).toBe('SUSPENDED');
  }

  for (const part of [api, background]) {
    part.process.kill('SIGTERM');
    expect(await part.ended).toBe(0);
  }
  await running.stop();
  await postgres.stop();
});
