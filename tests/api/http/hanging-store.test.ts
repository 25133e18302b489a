import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFront } from '../../../src/api/front.ts';
import { startHoldingProxy } from '../../support/holding-proxy.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { admissionOf } from '../../support/limits.ts';
import { sized } from '../../support/size.ts';
import { outline } from '../client/client.ts';

const connections = 3;
let ledger: Ledger;
let proxy: Awaited<ReturnType<typeof startHoldingProxy>>;
beforeAll(async () => {
  ledger = await startLedger({
    apiConnections: connections,
    giveUpMs: 20_000,
    frontOf: () => ({ ...openFront, admission: admissionOf(async () => 'FREE'), trustProxy: 1 }),
    storePortOf: async (port) => {
      proxy = await startHoldingProxy(port);
      return proxy.port;
    },
  });
});
afterAll(async () => {
  await ledger.stop();
  await proxy.stop();
});

const patch = (licenseId: string, body: object, headers: Record<string, string> = {}) =>
  ledger.call('PATCH', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey, body, headers });
const list = () => ledger.call('GET', '/v1/licenses', { key: ledger.b.apiKey });
const read = async (licenseId: string) =>
  (await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey })).body;
/** So many commands of a kind have sent an append that the event store does not get. */
const whileHeld = async (send: () => readonly Promise<unknown>[], text: string, meanwhile: () => Promise<void>) => {
  const held = proxy.hold(text);
  const sent = Promise.all(send());
  try {
    await held.whole(text);
    await meanwhile();
  } finally {
    held.release();
  }
  await sent;
};

test('Changes of metadata that wait for the event store leave the connections to the requests of others', async () => {
  const licenses = await Promise.all(Array.from({ length: 2 * connections }, () => ledger.issue()));
  const answers: (string | number)[][] = [];
  const send = () =>
    licenses.map(async ({ licenseId }) => {
      answers.push(outline(await patch(licenseId, { metadata: { a: 1 }, externalRef: 'canary' })));
    });
  await whileHeld(send, 'canary', async () => {
    for (let times = 0; times < 10; times++) expect((await list()).status).toBe(200);
    expect(answers).toEqual([]);
  });
  expect(answers.map(([status]) => status)).toEqual(licenses.map(() => 200));
});

test('Changes of members that wait for the event store leave the connections to the requests of others', async () => {
  const vendors = await Promise.all(
    Array.from({ length: 2 * connections }, async () => {
      const vendor = await ledger.createVendor('Vendor');
      return { ...vendor, member: await ledger.createMember(vendor.organizationId, 'GUEST') };
    }),
  );
  const owners = await Promise.all(vendors.map(({ organizationId }) => ledger.createMember(organizationId, 'OWNER')));
  const statuses: number[] = [];
  const send = () =>
    vendors.map(async ({ organizationId, member }, index) => {
      const path = `/v1/organizations/${organizationId}/members/${member.userId}`;
      const key = owners[index]?.accessToken;
      statuses.push((await ledger.call('PATCH', path, { key, body: { role: 'AUDITOR' } })).status);
    });
  await whileHeld(send, 'AUDITOR', async () => {
    for (let times = 0; times < 10; times++) expect((await list()).status).toBe(200);
    expect(statuses).toEqual([]);
  });
  expect(statuses).toEqual(vendors.map(() => 200));
});

test('Activations and signups that wait for the event store leave turns to all reads', async () => {
  const { licenseKey } = await ledger.issue({ limits: { activations: 20 } });
  const other = await ledger.issue({}, ledger.b);
  const byKey = (operation: string, key: unknown, fields: object = {}, from = '192.0.2.1') =>
    ledger.call('POST', `/v1/licenses/${operation}`, {
      body: { licenseKey: key, ...fields },
      headers: { 'x-forwarded-for': from },
    });
  for (const key of [licenseKey, other.licenseKey]) expect((await byKey('validate', key)).status).toBe(200);
  const signUp = (index: number) =>
    ledger.call('POST', '/v1/auth/signup', {
      body: { email: `canary${index}@vendor.example`, password: 'four small green apples', organizationName: 'canary' },
      headers: { 'x-forwarded-for': `10.0.0.${index}` },
    });
  const statuses: number[] = [];
  const send = () =>
    [
      ...Array.from({ length: 12 }, (_, index) => byKey('activate', licenseKey, { fingerprint: `canary-${index}` })),
      ...Array.from({ length: 8 }, (_, index) => signUp(index)),
    ].map(async (answer) => statuses.push((await answer).status));
  await whileHeld(send, 'license-', async () => {
    for (const key of [licenseKey, other.licenseKey])
      expect(outline(await byKey('validate', key))).toEqual([200, 'VALID']);
    for (const { apiKey } of [ledger.a, ledger.b])
      expect((await ledger.call('GET', '/v1/licenses', { key: apiKey })).status).toBe(200);
    expect(statuses).toEqual([]);
  });
  expect(new Set(statuses)).toEqual(new Set([201]));
});

test('Changes that wait for the turn of a process that died leave turns to the reads of their tenant', async () => {
  const { licenseId } = await ledger.issue();
  const { superuser } = ledger.database;
  await superuser.query(
    `insert into ops.turns (issuer_org_id, key, token, until) values ($1, $2, 'dead', now() + interval '1 hour')`,
    [ledger.a.organizationId, `license metadata ${licenseId}`],
  );
  const statuses: number[] = [];
  const changes = Array.from({ length: 6 }, async (_, n) =>
    statuses.push((await patch(licenseId, { metadata: { n } })).status),
  );
  for (let times = 0; times < 3; times++) await read(licenseId);
  expect(statuses).toEqual([]);
  await superuser.query('delete from ops.turns');
  await Promise.all(changes);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test('Many changes of one license take turns, while others read and write', async () => {
  const { licenseId } = await ledger.issue();
  const count = Math.max(10, sized(200));
  const changes = Promise.all(
    Array.from({ length: count }, (_, n) => patch(licenseId, { metadata: { n }, externalRef: `ref ${n}` })),
  );
  for (let times = 0; times < 5; times++) {
    expect((await list()).status).toBe(200);
    await ledger.issue({}, ledger.b);
  }
  expect((await changes).map(({ status }) => status)).toEqual(Array(count).fill(200));
  const { metadata, externalRef } = await read(licenseId);
  expect(externalRef).toBe(`ref ${metadata?.n}`);
  const { rowCount } = await ledger.database.superuser.query('select from ops.turns');
  expect(rowCount).toBe(0);
});
