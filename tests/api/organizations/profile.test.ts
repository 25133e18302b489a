import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { organizationAggregate } from '../../../src/aggregates/aggregates.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';
import { joinOrganization } from '../../support/users.ts';

let ledger: Ledger;
let owner: TestMember;
beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const unknown = 'org_01h455vb4pex5vsknk084sn02q';
const pathOf = (organizationId = ledger.a.organizationId) => `/v1/organizations/${organizationId}`;
const send = (
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
  key = owner.accessToken,
) => ledger.call(method, path, { key, body, headers });

/** A token of the same user for another organization of theirs. */
const tokenFor = async (organizationId: string) => {
  const answer = await send('POST', '/v1/auth/switch', { organizationId });
  expect(answer.status).toBe(200);
  return String(answer.body.accessToken);
};

describe('A signed-in user', () => {
  test('creates organizations as their OWNER and lists them in the order of joining, in pages', async () => {
    const first = await send('POST', '/v1/organizations', { name: 'First', timeZone: 'Europe/Vienna' });
    expect([first.status, first.body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^org_/),
        name: 'First',
        timeZone: 'Europe/Vienna',
        createdAt: expect.any(String),
        closedAt: null,
        logIsPublic: false,
        holdersGetProofs: false,
      },
    ]);
    expect(first.headers.get('location')).toBe(pathOf(String(first.body.id)));
    const second = await send('POST', '/v1/organizations', { name: 'Second' });
    expect(second.body).toMatchObject({ name: 'Second', timeZone: 'UTC' });

    const all = await send('GET', '/v1/organizations');
    expect(all.body).toMatchObject({ hasMore: false, nextCursor: null });
    expect(all.body.data).toMatchObject([
      { id: ledger.a.organizationId, role: 'OWNER' },
      { id: first.body.id, name: 'First', timeZone: 'Europe/Vienna', role: 'OWNER', joinedAt: first.body.createdAt },
      { id: second.body.id, role: 'OWNER' },
    ]);
    const page = await send('GET', '/v1/organizations?limit=2');
    expect(page.body).toMatchObject({ hasMore: true, data: [{ id: ledger.a.organizationId }, { name: 'First' }] });
    const next = await send('GET', `/v1/organizations?limit=2&cursor=${page.body.nextCursor}`);
    expect(next.body).toMatchObject({ hasMore: false, data: [{ name: 'Second' }] });
  });

  test('creates one organization per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const [one, two] = [
      await send('POST', '/v1/organizations', { name: 'Once' }, headers),
      await send('POST', '/v1/organizations', { name: 'Once' }, headers),
    ];
    expect(two.body).toEqual(one.body);
    const other = await send('POST', '/v1/organizations', { name: 'Another' }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const { body } = await send('GET', '/v1/organizations?limit=100');
    expect(JSON.stringify(body).split('"Once"')).toHaveLength(2);
  });

  test('continues the list after a page, also when the last organization has left it', async () => {
    const { userId, accessToken } = await ledger.createMember(ledger.b.organizationId, 'MEMBER');
    const list = (query: string) => send('GET', `/v1/organizations?${query}`, undefined, {}, accessToken);
    await send('POST', '/v1/organizations', { name: 'Second' }, {}, accessToken);
    const page = await list('limit=1');
    expect(page.body).toMatchObject({ hasMore: true, data: [{ id: ledger.b.organizationId }] });
    await ordain(ledger, ledger.b.organizationId, { type: 'RemoveMember', data: { userId, deactivated: [] } });
    const next = await list(`limit=1&cursor=${page.body.nextCursor}`);
    expect(next.body).toMatchObject({ hasMore: false, data: [{ name: 'Second' }] });
  });

  test('creates at most 100 organizations, not counting closed ones', async () => {
    const { userId, accessToken } = await ledger.createMember(ledger.b.organizationId, 'MEMBER');
    const ids = Array.from({ length: 99 }, () => encodeId('org', randomUUID()));
    const positions = await Promise.all(
      ids.map(async (organizationId) => {
        const data = { organizationId, name: 'One of many', founderId: null };
        const command = { type: 'CreateOrganization', at: ledger.needs.now(), by: { type: 'SYSTEM' }, data } as const;
        const done = await sendCommand(
          ledger.executor,
          organizationAggregate,
          organizationId,
          command,
          context(),
          () => null,
        );
        if ('rejected' in done) throw new Error(done.detail);
        return joinOrganization(ledger.needs, { organizationId, userId, role: 'OWNER' });
      }),
    );
    for (const position of positions) await ledger.projected.waitFor(position, 10_000);
    const open = () => send('POST', '/v1/organizations', { name: 'The 101st' }, {}, accessToken);
    const refused = await open();
    expect([refused.status, refused.body.code]).toEqual([409, 'QUOTA_EXCEEDED']);
    await ordain(ledger, ids[0] ?? '', { type: 'CloseOrganization', data: {} });
    expect((await open()).status).toBe(201);
  });

  test('gets the reason for an invalid name or time zone', async () => {
    for (const body of [{ name: ' ' }, { name: 'x'.repeat(201) }, { name: 'x', timeZone: 'Mars/Olympus' }]) {
      const answer = await send('POST', '/v1/organizations', body);
      expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_REQUEST']);
    }
  });

  test('cannot create an organization with an API key', async () => {
    const answer = await send('POST', '/v1/organizations', { name: 'x' }, {}, ledger.a.apiKey);
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });
});

describe('The profile', () => {
  test('has an ETag, and an unchanged profile is not sent again', async () => {
    const read = await send('GET', pathOf());
    expect(read.body).toMatchObject({ id: ledger.a.organizationId, name: 'Vendor A', timeZone: 'UTC', closedAt: null });
    const tag = String(read.headers.get('etag'));
    expect(tag).toMatch(/^"\d+"$/);
    const again = await send('GET', pathOf(), undefined, { 'if-none-match': tag });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  test('changes name and time zone in one append, and absent fields stay', async () => {
    const before = await send('GET', pathOf());
    const changed = await send('PATCH', pathOf(), { name: 'Vendor A Ltd', timeZone: 'Europe/Berlin' });
    expect([changed.status, changed.body]).toMatchObject([200, { name: 'Vendor A Ltd', timeZone: 'Europe/Berlin' }]);
    const after = await send('GET', pathOf());
    expect(after.body).toEqual(changed.body);
    expect(after.headers.get('etag')).toBe(changed.headers.get('etag'));
    const own = (await ledger.events()).filter(({ stream }) => stream.endsWith(ledger.a.organizationId));
    const [renamed, moved] = own.slice(-2);
    expect([renamed?.type, moved?.type]).toEqual(['OrganizationRenamed', 'OrganizationTimeZoneChanged']);
    expect(moved?.metadata.commandId).toBe(renamed?.metadata.commandId);
    expect(renamed?.metadata.actor).toMatchObject({ type: 'USER', id: owner.userId });

    expect((await send('PATCH', pathOf(), { name: 'Vendor A' })).body).toMatchObject({ timeZone: 'Europe/Berlin' });
    const unchanged = await send('PATCH', pathOf(), {});
    expect([unchanged.status, unchanged.body]).toMatchObject([200, { name: 'Vendor A', timeZone: 'Europe/Berlin' }]);
    // The state has changed since the first read.
    const stale = await send('PATCH', pathOf(), { name: 'x' }, { 'if-match': String(before.headers.get('etag')) });
    expect([stale.status, stale.body.code]).toEqual([412, 'REVISION_MISMATCH']);
  });

  test('of another organization gets the same answer as an unknown one, to the byte', async () => {
    const requestId = { 'x-request-id': 'same' };
    for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
      const [foreign, none] = [
        await send(method, pathOf(ledger.b.organizationId), body, requestId),
        await send(method, pathOf(unknown), body, requestId),
      ];
      expect([foreign.status, foreign.body.code]).toEqual([404, 'ORGANIZATION_NOT_FOUND']);
      expect(foreign.text).toBe(none.text);
    }
    const members = await send('GET', `${pathOf(ledger.b.organizationId)}/members`, undefined, requestId);
    expect(members.text).toBe((await send('GET', `${pathOf(unknown)}/members`, undefined, requestId)).text);
  });
});

describe('Closing an organization', () => {
  const open = async () => String((await send('POST', '/v1/organizations', { name: 'Short' })).body.id);

  test('is only for an OWNER', async () => {
    const admin = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
    const answer = await send('DELETE', pathOf(), undefined, {}, admin.accessToken);
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('ends tokens, API keys and licenses within 30 seconds and erases nothing', async () => {
    const organizationId = await open();
    const token = await tokenFor(organizationId);
    const created = await send('POST', '/v1/api-keys', { name: 'CI', scopes: ['licenses:write'] }, {}, token);
    const apiKey = String(created.body.secret);
    const { licenseKey } = await ledger.issue({}, { ...ledger.a, organizationId, apiKey });

    const closed = await send('DELETE', pathOf(organizationId), undefined, {}, token);
    expect([closed.status, closed.body]).toMatchObject([200, { id: organizationId, closedAt: expect.any(String) }]);
    // The stream refuses the command, even when a process remembers the credential.
    const late = await send('POST', '/v1/api-keys', { name: 'CI', scopes: ['licenses:read'] }, {}, token);
    expect([409, 401]).toContain(late.status);

    ledger.clock.aheadMs += 30_000;
    const refused = await send('GET', pathOf(organizationId), undefined, {}, token);
    expect([refused.status, refused.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect((await send('GET', '/v1/licenses', undefined, {}, apiKey)).status).toBe(401);
    const validated = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
    expect(validated.body).toMatchObject({ valid: false });

    const { body } = await send('GET', '/v1/organizations?limit=100');
    expect(JSON.stringify(body)).toContain(`"closedAt":"${closed.body.closedAt}"`);
    const switched = await send('POST', '/v1/auth/switch', { organizationId });
    expect(switched.status).toBeGreaterThanOrEqual(400);
  });
});
