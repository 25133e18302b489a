import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../../src/domain/ids.ts';
import type { Role } from '../../../src/domain/organization/events.ts';
import { changeDisplayName } from '../../../src/identity/users.ts';
import { type Ledger, startLedger, type TestMember, type TestOrganization } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/** An organization of its own, with a member in each of the roles. */
const staffed = async <Name extends string>(roles: Readonly<Record<Name, Role>>) => {
  const organization = await ledger.createVendor('Staffed');
  const members: [string, TestMember][] = [];
  for (const [name, role] of Object.entries<Role>(roles))
    members.push([name, await ledger.createMember(organization.organizationId, role)]);
  const people = Object.fromEntries(members) as Readonly<Record<Name, TestMember>>;
  const pathOf = ({ userId }: TestMember) => `/v1/organizations/${organization.organizationId}/members/${userId}`;
  return { organization, people, pathOf, list: `/v1/organizations/${organization.organizationId}/members` };
};

const as =
  ({ accessToken }: Pick<TestMember, 'accessToken'>) =>
  (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    ledger.call(method, path, { key: accessToken, body, headers });
const withKey = ({ apiKey }: TestOrganization) => as({ accessToken: apiKey });

describe('The list of members', () => {
  test('is newest first, in pages and by role, with addresses only for members who may invite', async () => {
    const { organization, people, list } = await staffed({ olga: 'OWNER', mia: 'MEMBER', adam: 'AUDITOR' });
    await changeDisplayName(ledger.database.api, people.mia.userId, 'Mia');
    const { body } = await as(people.olga)('GET', list);
    const shown = ({ userId, email }: TestMember, role: Role, displayName: string | null = null) => ({
      state: 'active',
      userId,
      email,
      role,
      displayName,
      label: null,
      joinedAt: expect.any(String),
      // The helper of the tests invites under an API key of its own.
      createdBy: expect.any(String),
    });
    expect(body).toEqual({
      nextCursor: null,
      hasMore: false,
      data: [shown(people.adam, 'AUDITOR'), shown(people.mia, 'MEMBER', 'Mia'), shown(people.olga, 'OWNER')],
    });
    expect((await withKey(organization)('GET', list)).body).toEqual(body);
    for (const viewer of [people.mia, people.adam]) {
      const seen = await as(viewer)('GET', list);
      expect(seen.status).toBe(200);
      expect(seen.text).not.toContain('@');
      expect(seen.body.data).toMatchObject([{ role: 'AUDITOR' }, { displayName: 'Mia' }, { role: 'OWNER' }]);
    }
    const first = await as(people.olga)('GET', `${list}?limit=2`);
    expect(first.body).toMatchObject({ hasMore: true, data: [{ role: 'AUDITOR' }, { role: 'MEMBER' }] });
    const next = await as(people.olga)('GET', `${list}?limit=2&cursor=${first.body.nextCursor}`);
    expect(next.body).toMatchObject({ hasMore: false, data: [{ role: 'OWNER' }] });
    expect((await as(people.olga)('GET', `${list}?role=MEMBER`)).body.data).toMatchObject([{ displayName: 'Mia' }]);
    const otherList = await as(people.olga)('GET', `${list}?role=MEMBER&cursor=${first.body.nextCursor}`);
    expect([otherList.status, otherList.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('A role', () => {
  test('can be changed, and applies immediately in this process', async () => {
    const { people, pathOf } = await staffed({ olga: 'OWNER', mia: 'MEMBER' });
    const rename = () => as(people.mia)('PATCH', pathOf(people.mia).split('/members')[0] ?? '', { name: 'Renamed' });
    expect((await rename()).body.code).toBe('FORBIDDEN');
    const changed = await as(people.olga)('PATCH', pathOf(people.mia), { role: 'ADMIN' });
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { state: 'active', userId: people.mia.userId, email: people.mia.email, role: 'ADMIN' },
    ]);
    expect((await rename()).status).toBe(200);
    const again = await as(people.olga)('PATCH', pathOf(people.mia), { role: 'ADMIN' });
    expect(again.body).toEqual(changed.body);
  });

  test('of OWNER can be given and taken only by an OWNER', async () => {
    const { organization, people, pathOf, list } = await staffed({ olga: 'OWNER', two: 'OWNER', ann: 'ADMIN' });
    for (const actor of [as(people.ann), withKey(organization)]) {
      for (const answer of [
        await actor('PATCH', pathOf(people.ann), { role: 'OWNER' }),
        await actor('PATCH', pathOf(people.olga), { role: 'MEMBER' }),
        await actor('DELETE', pathOf(people.olga)),
        await actor('POST', list, { email: `${randomUUID()}@vendor.example`, role: 'OWNER' }),
      ])
        expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await as(people.olga)('PATCH', pathOf(people.ann), { role: 'OWNER' })).body).toMatchObject({
      role: 'OWNER',
    });
  });

  test('of the last OWNER stays, also when both OWNERs leave at the same time', async () => {
    const { people, pathOf } = await staffed({ olga: 'OWNER', otto: 'OWNER' });
    const answers = await Promise.all([
      as(people.olga)('PATCH', pathOf(people.otto), { role: 'MEMBER' }),
      as(people.otto)('DELETE', pathOf(people.olga)),
    ]);
    const refused = answers.filter(({ status }) => status >= 400);
    expect(refused).toHaveLength(1);
    // The second caller is no longer an OWNER, or is the last one.
    expect(['FORBIDDEN', 'UNAUTHENTICATED', 'LAST_OWNER']).toContain(refused[0]?.body.code);

    const alone = await staffed({ olga: 'OWNER' });
    for (const [method, body] of [['PATCH', { role: 'ADMIN' }], ['DELETE']] as const) {
      const answer = await as(alone.people.olga)(method, alone.pathOf(alone.people.olga), body);
      expect([answer.status, answer.body.code]).toEqual([409, 'LAST_OWNER']);
    }
  });

  test('of a member who was removed before the answer is not found', async () => {
    const { people, pathOf } = await staffed({ olga: 'OWNER', mia: 'MEMBER' });
    const key = { 'idempotency-key': randomUUID() };
    const change = () => as(people.olga)('PATCH', pathOf(people.mia), { role: 'ADMIN' }, key);
    expect((await change()).status).toBe(200);
    // As if the process had died before it could answer.
    await ledger.database.superuser.query(
      `update ops.idempotency set status = null, body = null, locked_until = now() - interval '1 second'
        where idempotency_key = $1`,
      [key['idempotency-key']],
    );
    expect((await as(people.olga)('DELETE', pathOf(people.mia))).status).toBe(200);
    const again = await change();
    expect([again.status, again.body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('or a removal blocks the organization until the read models contain it', async () => {
    const { people, pathOf } = await staffed({ olga: 'OWNER', mia: 'MEMBER' });
    expect((await as(people.mia)('GET', '/v1/projects')).status).toBe(200);
    const start = await ledger.stopProjector();
    try {
      const prefer = { prefer: 'respond-async' };
      const removed = await as(people.olga)('DELETE', pathOf(people.mia), undefined, prefer);
      expect([removed.status, removed.headers.get('preference-applied')]).toEqual([200, 'respond-async']);
      const blocked = async () => (await as(people.mia)('GET', '/v1/projects')).body.code;
      await condition('the removal is noticed', async () => String(await blocked()) === 'NOT_PROJECTED_YET');
    } finally {
      start();
    }
    await condition('the removal holds', async () => (await as(people.mia)('GET', '/v1/projects')).status === 401);
  });

  test('changes only at the revision that If-Match names, which is in the ETag of the member', async () => {
    const { people, pathOf, list } = await staffed({ olga: 'OWNER', mia: 'MEMBER' });
    const read = await as(people.olga)('GET', pathOf(people.mia));
    expect((await as(people.olga)('GET', list)).body.data).toContainEqual(read.body);
    const known = { 'if-none-match': String(read.headers.get('etag')) };
    expect((await as(people.olga)('GET', pathOf(people.mia), undefined, known)).status).toBe(304);
    const tag = { 'if-match': String(read.headers.get('etag')) };
    expect((await as(people.olga)('PATCH', pathOf(people.mia), { role: 'GUEST' }, tag)).status).toBe(200);
    expect((await as(people.olga)('GET', pathOf(people.mia), undefined, known)).body.role).toBe('GUEST');
    await changeDisplayName(ledger.database.api, people.mia.userId, 'Mia');
    const named = await as(people.olga)('GET', pathOf(people.mia));
    expect(named.headers.get('etag')).not.toBe(read.headers.get('etag'));
    const stale = await as(people.olga)('PATCH', pathOf(people.mia), { role: 'ADMIN' }, tag);
    expect([stale.status, stale.body.code]).toEqual([412, 'REVISION_MISMATCH']);
  });
});

describe('A removed member', () => {
  test('is refused and leaves the list, and removing again changes nothing', async () => {
    const { people, pathOf, list } = await staffed({ olga: 'OWNER', mia: 'MEMBER' });
    expect((await as(people.mia)('GET', '/v1/projects')).status).toBe(200);
    const removed = await as(people.olga)('DELETE', pathOf(people.mia));
    expect([removed.status, removed.body]).toEqual([200, { apiKeys: [] }]);
    const refused = await as(people.mia)('GET', '/v1/projects');
    expect([refused.status, refused.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect((await as(people.olga)('GET', list)).body.data).toMatchObject([{ userId: people.olga.userId }]);
    expect((await as(people.olga)('DELETE', pathOf(people.mia))).status).toBe(200);
    for (const gone of [
      await as(people.olga)('PATCH', pathOf(people.mia), { role: 'GUEST' }),
      await as(people.olga)('GET', pathOf(people.mia)),
    ])
      expect([gone.status, gone.body.code]).toEqual([404, 'NOT_FOUND']);
    // Somebody still, who may sign in and open organizations.
    expect((await as(people.mia)('GET', '/v1/organizations')).body.data).toEqual([]);
  });

  test('is refused by the stream even when another process still accepts the credential', async () => {
    const { people, pathOf } = await staffed({ olga: 'OWNER', ann: 'ADMIN', mia: 'MEMBER' });
    // As if no notice had arrived: the read models do not know, and what was looked up is remembered.
    expect((await as(people.ann)('GET', '/v1/projects')).status).toBe(200);
    const start = await ledger.stopProjector();
    const { superuser } = ledger.database;
    await superuser.query('alter table identity.access_changes disable trigger notice_change');
    try {
      expect((await as(people.olga)('DELETE', pathOf(people.ann))).status).toBe(200);
      const late = await as(people.ann)('DELETE', pathOf(people.mia));
      expect([late.status, late.body.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(late.headers.get('www-authenticate')).toBe('Bearer');
      for (const [method, path, body] of [
        ['POST', '/v1/projects', { name: 'Late' }],
        ['POST', '/v1/api-keys', { name: 'Late', scopes: ['licenses:read'] }],
      ] as const)
        expect((await as(people.ann)(method, path, body)).body.code).toBe('UNAUTHENTICATED');
    } finally {
      await superuser.query('alter table identity.access_changes enable trigger notice_change');
      start();
    }
    const list = pathOf(people.ann).replace(/\/usr_.*/, '');
    await condition('the removal is projected', async () => {
      const { body } = await as(people.olga)('GET', list);
      return JSON.stringify(body).split('userId').length === 3;
    });
    expect((await as(people.ann)('GET', '/v1/projects')).status).toBe(401);
  });
});

test('Users who are not members, and members of other organizations, are unknown', async () => {
  const { people, pathOf, list } = await staffed({ olga: 'OWNER' });
  const stranger = await ledger.createMember(ledger.b.organizationId, 'MEMBER');
  const requestId = { 'x-request-id': 'same' };
  for (const [method, body] of [['GET'], ['PATCH', { role: 'GUEST' }], ['DELETE']] as const) {
    const foreign = await as(people.olga)(method, pathOf(stranger), body, requestId);
    const unknown = await as(people.olga)(method, `${list}/${encodeId('usr', randomUUID())}`, body, requestId);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(foreign.text).toBe(unknown.text);
  }
});
