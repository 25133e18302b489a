import { afterAll, beforeAll, expect, test } from 'vitest';
import { userReferences } from '../../src/identity/user-reference.ts';
import { sendTo } from '../support/issue-directly.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

test('No key, fingerprint, device name, metadata or written reason is in an event, a read model or the log', async () => {
  const post = (path: string, body: unknown, key?: string) => ledger.call('POST', path, { key, body });
  const { licenseId, licenseKey } = await ledger.issue({
    metadata: { note: 'canary-metadata' },
    limits: { seats: 1, users: 1 },
    reason: { code: 'PURCHASE', text: 'canary-reason' },
  });
  const device = { licenseKey, fingerprint: 'canary-fingerprint' };
  const parties = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, formerHolders: [] };
  const [userRef = ''] = userReferences(ledger.secrets, parties, 'canary-user');
  await sendTo(ledger, licenseId, { type: 'AssignUser', data: { userRef } });
  const used = { ...device, components: { cpu: 'canary-cpu' }, user: 'canary-user' };
  expect((await post('/v1/licenses/activate', { ...used, name: 'canary-device' })).status).toBe(201);
  const seat = { licenseKey, leaseHolder: 'canary-holder', user: 'canary-user' };
  expect((await post('/v1/licenses/leases', seat)).status).toBe(201);
  const named = { ...used, leaseHolder: 'canary-holder' };
  expect((await post('/v1/licenses/validate', named)).body.code).toBe('VALID');
  await post('/v1/licenses/validate', { ...device, licenseKey: `${licenseKey}0` });
  await post('/v1/licenses/validate', { ...device, canaryField: 'canary-value' });
  await ledger.call('GET', `/v1/licenses?externalRef=canary-query`, { key: ledger.a.apiKey });
  await post(
    `/v1/licenses/${licenseId}/suspend`,
    { reason: { code: 'FRAUD', text: 'canary-suspicion' } },
    ledger.a.apiKey,
  );
  await post('/v1/licenses/deactivate', device);
  ledger.faults.refuseAppends = { code: 14, details: 'down' };
  await post('/v1/licenses/activate', { ...device, name: 'canary-device' });
  ledger.faults.refuseAppends = undefined;

  const canaries = [
    licenseKey,
    licenseKey.replaceAll('-', '').slice(2),
    licenseKey.replaceAll('-', '').slice(2, 28),
    ledger.a.apiKey,
    ledger.a.apiKey.slice(18),
    'canary',
  ];
  const events = JSON.stringify(await ledger.events(), (_name, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  const log = ledger.logged.join('');
  const { rows } = await ledger.database.superuser.query<{ text: string }>(
    `select l::text as text from rm.licenses l union all select e::text from rm.license_events e
     union all select a::text from rm.activations a union all select l::text from rm.leases l
     union all select u::text from rm.license_users u union all select v::text from ops.lease_liveness v union all select k::text from rm.api_keys k
     union all select k::text from identity.api_keys k union all select k::text from rm.license_keys k`,
  );
  const readModels = rows.map(({ text }) => text).join('\n');
  expect(events).toContain('ActivationRecorded');
  expect(log).toContain('activateLicense');
  expect(readModels).toContain(licenseId);
  for (const canary of canaries) {
    expect(events).not.toContain(canary);
    expect(log).not.toContain(canary);
    expect(readModels).not.toContain(canary);
  }
});

test('The log has one line per request, with tenant, route, status, time and request id', async () => {
  const before = ledger.logged.length;
  const answer = await ledger.call('GET', '/v1/licenses', {
    key: ledger.a.apiKey,
    headers: { 'x-request-id': 'from-the-client' },
  });
  expect(answer.headers.get('x-request-id')).toBe('from-the-client');
  const lines = ledger.logged.slice(before).map((line): unknown => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      tenant: ledger.a.organizationId,
      route: 'listLicenses',
      status: 200,
      ms: expect.any(Number),
      requestId: 'from-the-client',
      correlationId: 'from-the-client',
    },
  ]);
});

test('The log and the events have the trace and the id of a request, and an invalid id is replaced', async () => {
  const issue = async (headers: Record<string, string>) => {
    const body = { tier: 'FREE', products: ['local_cli'] };
    const { body: answer, headers: answered } = await ledger.call('POST', '/v1/licenses', {
      key: ledger.a.apiKey,
      body,
      headers,
    });
    const path = `/v1/licenses/${answer.license?.id}/history`;
    const { body: history } = await ledger.call('GET', path, { key: ledger.a.apiKey });
    const event = history.data?.[0];
    const requestId = answered.get('x-request-id');
    expect(event?.causationId).toBe(requestId);
    const logged = ledger.logged.map((line) => JSON.parse(line)).filter(({ route }) => route === 'issueLicense');
    expect(logged.at(-1)).toMatchObject({ requestId, correlationId: event?.correlationId });
    return { requestId, correlationId: event?.correlationId };
  };
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  expect(await issue({ traceparent, 'x-request-id': 'r-0' })).toEqual({
    requestId: 'r-0',
    correlationId: '4bf92f3577b34da6a3ce929d0e0e4736',
  });
  expect(await issue({ 'x-request-id': 'r-1' })).toEqual({ requestId: 'r-1', correlationId: 'r-1' });
  const { requestId, correlationId } = await issue({ 'x-request-id': 'no spaces allowed' });
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(correlationId).toBe(requestId);
});
