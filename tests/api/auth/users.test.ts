import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger, TestMember } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
let owner: TestMember;
let member: TestMember;
let stranger: TestMember;
beforeAll(async () => {
  ledger = await shareLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  member = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
  stranger = await ledger.createMember(ledger.b.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const headers = { 'x-request-id': 'same' };
const ask = (method: string, userId: string, by: TestMember, body?: object) =>
  ledger.call(method, `/v1/users/${userId}`, { key: by.accessToken, body, headers });
const unknown = 'usr_01h455vb4pex5vsknk084sn02q';

test('Users read themselves and change their names', async () => {
  expect((await ask('GET', member.userId, member)).body).toMatchObject({
    id: member.userId,
    email: member.email,
    displayName: null,
  });
  const changed = await ask('PATCH', member.userId, member, { displayName: 'Mia' });
  expect([changed.status, changed.body]).toMatchObject([200, { id: member.userId, displayName: 'Mia' }]);
  expect((await ask('GET', member.userId, member)).body).toEqual(changed.body);
  expect((await ask('PATCH', member.userId, member, { displayName: null })).body.displayName).toBeNull();
  expect((await ask('PATCH', member.userId, member, { email: 'x@y.example' })).status).toBe(400);
});

test.each(['OWNER', 'ADMIN'] as const)(
  '%s sees members of the own organization and cannot rename them',
  async (role) => {
    const manager = await ledger.createMember(ledger.a.organizationId, role);
    expect((await ask('GET', member.userId, manager)).body).toMatchObject({ id: member.userId, email: member.email });
    const renamed = await ask('PATCH', member.userId, manager, { displayName: role });
    expect([renamed.status, renamed.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await ask('GET', member.userId, member)).body.displayName).not.toBe(role);
    const deleted = await ask('DELETE', member.userId, manager);
    expect([deleted.status, deleted.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await ask('GET', member.userId, member)).status).toBe(200);
  },
);

describe('A caller who may not see a user gets the same answer, to the byte, as for an unknown user', () => {
  test.each(['GET', 'PATCH', 'DELETE'])('%s', async (method) => {
    const body = method === 'PATCH' ? { displayName: 'X' } : undefined;
    const callers = [stranger];
    for (const role of ['MEMBER', 'GUEST', 'BILLING', 'AUDITOR', 'SUPPORT', 'SALES', 'DEVELOPER'] as const) {
      callers.push(await ledger.createMember(ledger.a.organizationId, role));
    }
    for (const caller of callers) {
      const [foreign, none] = [await ask(method, owner.userId, caller, body), await ask(method, unknown, caller, body)];
      expect([foreign.status, foreign.body.code]).toEqual([404, 'NOT_FOUND']);
      expect(foreign.text).toBe(none.text);
    }
    const ofOwner = await ask(method, unknown, owner, body);
    expect((await ask(method, stranger.userId, owner, body)).text).toBe(ofOwner.text);
  });
});

describe('Deactivating your own login', () => {
  test('ends the login for good', async () => {
    const leaving = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
    const deleted = await ask('DELETE', leaving.userId, leaving);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect((await ask('GET', leaving.userId, leaving)).status).toBe(401);
    const refresh = { body: { refreshToken: leaving.refreshToken } };
    expect((await ledger.call('POST', '/v1/auth/refresh', refresh)).status).toBe(401);
    const signup = { body: { email: leaving.email, password: 'four small green apples' } };
    expect((await ledger.call('POST', '/v1/auth/signup', signup)).body.code).toBe('EMAIL_TAKEN');
  });

  test('is refused for the only OWNER who can sign in, also when several try at once', async () => {
    const { organizationId } = await ledger.createVendor('Owned by three');
    const owners = [
      await ledger.createMember(organizationId, 'OWNER'),
      await ledger.createMember(organizationId, 'OWNER'),
      await ledger.createMember(organizationId, 'OWNER'),
    ];
    const answers = await Promise.all(owners.map((each) => ask('DELETE', each.userId, each)));
    const codes = answers.map(({ status, body }) => body.code ?? status).map(String);
    expect(codes.sort()).toEqual(['204', '204', 'LAST_OWNER']);
    const left = owners[answers.findIndex(({ status }) => status === 409)];
    if (left === undefined) throw new Error('Nobody is left.');
    expect((await ask('GET', left.userId, left)).status).toBe(200);
    expect((await ask('DELETE', left.userId, left)).body.code).toBe('LAST_OWNER');
  });
});

describe('An OWNER with a deactivated login', () => {
  const ownedByTwo = async () => {
    const { organizationId } = await ledger.createVendor('Owned by two');
    const [staying, leaving] = [
      await ledger.createMember(organizationId, 'OWNER'),
      await ledger.createMember(organizationId, 'OWNER'),
    ];
    const pathOf = ({ userId }: TestMember) => `/v1/organizations/${organizationId}/members/${userId}`;
    return { organizationId, staying, leaving, pathOf };
  };

  test('does not count as the last OWNER, so the other one must stay', async () => {
    const { staying, leaving, pathOf } = await ownedByTwo();
    expect((await ask('DELETE', leaving.userId, leaving)).status).toBe(204);
    const key = staying.accessToken;
    for (const answer of [
      await ledger.call('PATCH', pathOf(staying), { key, body: { role: 'ADMIN' } }),
      await ledger.call('DELETE', pathOf(staying), { key }),
    ])
      expect([answer.status, answer.body.code]).toEqual([409, 'LAST_OWNER']);
    expect((await ledger.call('DELETE', pathOf(leaving), { key })).status).toBe(200);
  });

  test('cannot be deactivated while the other OWNER loses the role', async () => {
    const { organizationId, staying, leaving } = await ownedByTwo();
    // Another process changes the role at this moment.
    const { superuser } = ledger.database;
    await superuser.query(
      `insert into ops.turns (issuer_org_id, key, token, until) values ($1, 'owners', 'other', now() + interval '1 minute')`,
      [organizationId],
    );
    const deleting = ask('DELETE', leaving.userId, leaving);
    const data = { userId: staying.userId, role: 'ADMIN', deactivated: [] } as const;
    await ordain(ledger, organizationId, { type: 'ChangeMemberRole', data });
    await superuser.query('delete from ops.turns where issuer_org_id = $1', [organizationId]);
    const deleted = await deleting;
    expect([deleted.status, deleted.body.code]).toEqual([409, 'LAST_OWNER']);
  });

  test('cannot be deactivated while the other OWNER leaves', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { staying, leaving, pathOf } = await ownedByTwo();
      const answers = await Promise.all([
        ask('DELETE', leaving.userId, leaving),
        ledger.call('PATCH', pathOf(staying), { key: staying.accessToken, body: { role: 'ADMIN' } }),
      ]);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
      expect(answers.find(({ status }) => status >= 300)?.body.code).toBe('LAST_OWNER');
    }
  });
});

test('A repeated request with its Idempotency-Key gets the first answer', async () => {
  const again = { 'idempotency-key': randomUUID() };
  const rename = (displayName: string) =>
    ledger.call('PATCH', `/v1/users/${member.userId}`, {
      key: member.accessToken,
      body: { displayName },
      headers: again,
    });
  const first = await rename('Once');
  await ask('PATCH', member.userId, member, { displayName: 'Twice' });
  const second = await rename('Once');
  expect([second.text, second.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  expect((await ask('GET', member.userId, member)).body.displayName).toBe('Twice');
  expect((await rename('Thrice')).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
});
