import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootstrapApiKey } from '../../../src/application/bootstrap/bootstrap-api-key.ts';
import { bootstrapOrganization } from '../../../src/application/bootstrap/bootstrap-organization.ts';
import { assemble } from '../../../src/cli/server/assemble.ts';
import type { Role } from '../../../src/cli/server/roles.ts';
import { loadConfig } from '../../../src/config.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { createReadModels } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let store: RunningStore;
beforeAll(async () => {
  [models, store] = await Promise.all([createReadModels(), startStore()]);
});
afterAll(() => Promise.all([models.drop(), store.stop()]));

const start = async (
  variables: Readonly<Record<string, string>> = {},
  roles: readonly Role[] = ['api'],
  log = pino({ level: 'silent' }),
) => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const config = { ...loadConfig({ PORT: '0', MANAGEMENT_PORT: '0', RATE_LIMITS: 'off', ...variables }), secret };
  const { url } = models;
  const urls = { databaseUrl: url, apiUrl: url, projectorUrl: url, workerUrl: url, eventStoreUrl: store.url };
  const servers = { ...urls, embedded: true, failed: new Promise<string>(() => {}), stop: async () => {} };
  return assemble({ config, servers, roles, log });
};

test('The server refuses to start on a database that exposes the rows of tenants, and starts after a repair', async () => {
  await models.superuser.query('grant select on rm.license_keys to public');
  await expect(start()).rejects.toThrow('PUBLIC has SELECT on rm.license_keys.');
  await models.superuser.query('revoke select on rm.license_keys from public');
  const ledger = await start();
  expect(ledger.baseUrl).toMatch(/^http/);
  await ledger.stop();
});

test('The start reports a faulty signup policy to the operator', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => lines.push(line) });
  const [organizationId, policyId] = [encodeId('org', randomUUID()), encodeId('pol', randomUUID())];
  const ledger = await start({ SIGNUP_POLICY: `${organizationId}/${policyId}` }, ['api'], log);
  await expect.poll(() => lines.join('')).toContain('Nobody can sign up: the policy that SIGNUP_POLICY names');
  await ledger.stop();
});

test('API keys expire by the configured clock of the server', async () => {
  const traveling = { LEDGER_CLOCK_OFFSET_SECONDS: '3600', LEDGER_CLOCK_CHECK: 'off' };
  const ledger = await start(traveling, ['api', 'projector']);
  const needs = { ...ledger, pool: ledger.apiPool, now: () => ledger.now().toISOString() };
  const { organizationId } = await bootstrapOrganization(needs, { commandId: randomUUID(), name: 'Vendor' });
  const endsIn = async (milliseconds: number) => {
    const key = { commandId: randomUUID(), organizationId, name: 'ci', scopes: ['licenses:read'] as const };
    const { apiKey, apiKeyId, position } = await bootstrapApiKey(needs, key);
    await ledger.waiter.waitFor(position, 10_000);
    const end = new Date(Date.now() + milliseconds);
    await models.superuser.query('update rm.api_keys set expires_at = $2 where api_key_id = $1', [apiKeyId, end]);
    const headers = { authorization: `Bearer ${apiKey}` };
    return (await fetch(`${ledger.baseUrl}/v1/licenses`, { headers })).status;
  };
  expect([await endsIn(1_800_000), await endsIn(5_400_000)]).toEqual([401, 200]);
  await ledger.stop();
});

test('A server with a wrong clock refuses commands with the reason, answers reads, and is not ready', async () => {
  const sound = await start({ LEDGER_CLOCK_OFFSET_SECONDS: '50' }, ['api', 'projector']);
  const needs = { ...sound, pool: sound.apiPool, now: () => sound.now().toISOString() };
  const { organizationId } = await bootstrapOrganization(needs, { commandId: randomUUID(), name: 'Vendor' });
  const key = { commandId: randomUUID(), organizationId, name: 'ci', scopes: ['projects:write'] as const };
  const { apiKey, position } = await bootstrapApiKey(needs, key);
  await sound.waiter.waitFor(position, 10_000);
  const wrong = await start({ LEDGER_CLOCK_OFFSET_SECONDS: '-90' }, ['api']);
  const ask = async ({ baseUrl }: typeof wrong, method: string, path: string) => {
    const answer = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify({ name: 'Apollo' }) } : {}),
    });
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), text: await answer.text() };
  };
  const refused = await ask(wrong, 'POST', '/v1/projects');
  expect([refused.status, refused.retryAfter]).toEqual([503, '10']);
  expect(refused.text).toMatch(/The clock of this process is (89|9[01]) seconds behind that of Postgres\./);
  expect((await ask(wrong, 'GET', '/v1/projects')).status).toBe(200);
  const unready = await ask(wrong, 'GET', '/readyz');
  expect([unready.status, unready.text]).toEqual([503, expect.stringContaining('clock: The clock of this process')]);

  expect((await ask(sound, 'POST', '/v1/projects')).status).toBe(201);
  const ready = await ask(sound, 'GET', '/readyz');
  expect([ready.status, ready.text]).toEqual([200, expect.stringContaining('"clock":"ok"')]);
  await Promise.all([sound.stop(), wrong.stop()]);
});
