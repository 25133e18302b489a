import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHoldingProxy } from '../../support/holding-proxy.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { sized } from '../../support/size.ts';
import { outline } from '../client/client.ts';

const connections = 3;
let ledger: Ledger;
let proxy: Awaited<ReturnType<typeof startHoldingProxy>>;
beforeAll(async () => {
  ledger = await startLedger({
    apiConnections: connections,
    giveUpMs: 20_000,
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
