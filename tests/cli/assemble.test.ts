import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assemble } from '../../src/cli/assemble.ts';
import { loadConfig } from '../../src/config.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createReadModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let store: RunningStore;
beforeAll(async () => {
  [models, store] = await Promise.all([createReadModels(), startStore()]);
});
afterAll(() => Promise.all([models.drop(), store.stop()]));

const start = async () => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const config = { ...loadConfig({ PORT: '0', MANAGEMENT_PORT: '0', RATE_LIMITS: 'off' }), secret };
  const { url } = models;
  const urls = { databaseUrl: url, apiUrl: url, projectorUrl: url, workerUrl: url, eventStoreUrl: store.url };
  const servers = { ...urls, embedded: true, failed: new Promise<string>(() => {}), stop: async () => {} };
  return assemble(config, servers, ['api'], pino({ level: 'silent' }));
};

test('the product refuses to start on a database that leaves a tenant open, and starts when that is undone', async () => {
  await models.superuser.query('grant select on rm.license_keys to public');
  await expect(start()).rejects.toThrow('PUBLIC has SELECT on rm.license_keys.');
  await models.superuser.query('revoke select on rm.license_keys from public');
  const ledger = await start();
  expect(ledger.baseUrl).toMatch(/^http/);
  await ledger.stop();
});
