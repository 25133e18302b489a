import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loginOf, pagesOf } from '../../../src/cli/ready-lines.ts';
import { assemble } from '../../../src/cli/server/assemble.ts';
import { loadConfig } from '../../../src/config.ts';
import { isLoopback, reachableUrl } from '../../../src/reachable-url.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { createReadModels } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let store: RunningStore;
beforeAll(async () => {
  [models, store] = await Promise.all([createReadModels(), startStore()]);
});
afterAll(() => Promise.all([models.drop(), store.stop()]));

const demo = {
  ...{ baseUrl: '', organizationId: 'org_demo', apiKey: 'lgr_live_demo', licenseId: 'lic_demo', licenseKey: 'LL-DEMO' },
  ...{ email: 'owner@demo.example', password: 'secret of the demo' },
};

/** Starts the API with these variables. Returns its URL and the page that a browser on this machine gets. */
const open = async (variables: Readonly<Record<string, string>>) => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const config = { ...loadConfig({ PORT: '0', MANAGEMENT_PORT: '0', ...variables }), secret };
  const { url } = models;
  const urls = { databaseUrl: url, apiUrl: url, projectorUrl: url, workerUrl: url, eventStoreUrl: store.url };
  const servers = { ...urls, embedded: true, failed: new Promise<string>(() => {}), stop: async () => {} };
  const log = pino({ level: 'silent' });
  const ledger = await assemble({ config, servers, roles: ['api'], log, demo: () => demo });
  const page = await fetch(`${ledger.baseUrl}/`, { headers: { accept: 'text/html' } });
  const text = await page.text();
  await ledger.stop();
  return { url: String(ledger.baseUrl), status: page.status, text };
};

test('The page shows the login of the demo only while the server listens on loopback, without a proxy, and never its password', async () => {
  const { text: local } = await open({});
  expect(local).toContain(demo.email);
  expect(local).not.toContain(demo.password);
  for (const variables of [{ HOST: '0.0.0.0' }, { TRUST_PROXY: '1' }]) {
    const { url, status, text } = await open(variables);
    expect([url, status]).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), 200]);
    for (const part of [demo.password, demo.email, demo.licenseKey, '/metrics']) expect(text).not.toContain(part);
  }
});

test('A server on all addresses is named by an address that works', () => {
  expect([reachableUrl('0.0.0.0', 1), reachableUrl('::', 1), reachableUrl('fd00::7', 1)]).toEqual([
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://[fd00::7]:1',
  ]);
  expect(['127.0.0.1', 'localhost', '::1', '127.8.8.8'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example'].some(isLoopback)).toBe(false);
  expect(loadConfig({ HOST: '::', PORT: '9000' }).mail?.publicUrl).toBe('http://[::1]:9000');
});

test('The start names the pages and the login, and no password', () => {
  const config = loadConfig({ LEDGER_DATA_DIR: '/data' });
  expect(pagesOf(config, 'http://127.0.0.1:8080')).toEqual([
    'In a browser:  http://127.0.0.1:8080  (console: http://127.0.0.1:8080/console, operations: http://127.0.0.1:8080/docs, error codes: http://127.0.0.1:8080/problems)',
  ]);
  expect(loginOf(config, demo)).toEqual(['Demo login:  owner@demo.example, with the password in /data/demo.json']);
  for (const line of pagesOf(loadConfig({ HOST: '0.0.0.0' }), 'http://127.0.0.1:8080').slice(0, -1))
    expect(line).toMatch(/^From other machines: {2}http:\/\/\d+\.\d+\.\d+\.\d+:8080/);
  expect(pagesOf(config, null)).toEqual([]);
});
