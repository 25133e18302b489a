import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { userReferences } from '../../../src/identity/user-reference.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';
import { commanding, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await startLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const issue = (fields: object = {}) => ledger.issue({ limits: { activations: 2, users: 2 }, ...fields });
const heldBy = ({ organizationId }: TestOrganization) => issue({ holderOrganizationId: organizationId });
const isAssigned = async (licenseKey: string, user: string): Promise<boolean> => {
  const { body } = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, user } });
  return String(body.code) === 'VALID';
};
const held = () => issue({ holderOrganizationId: ledger.b.organizationId });
const assign = (licenseId: string, user: string, key?: string) => api.post(licenseId, 'users', { user }, key);
const unassign = (licenseId: string, user: unknown, key?: string) =>
  api.send('DELETE', licenseId, `users/${user}`, undefined, key);
const usersOf = async (licenseId: string, key = ledger.a.apiKey) =>
  Object.values((await api.send('GET', licenseId, 'users', undefined, key)).body.data ?? {}).map(({ user }) => user);

describe('A user', () => {
  test('is assigned once, under a reference that does not reveal the name', async () => {
    const { licenseId } = await issue();
    const first = await assign(licenseId, 'ada@example.com');
    expect([first.status, first.body.changed, first.body.license?.usage?.users]).toEqual([200, true, 1]);
    expect(first.body.user).toMatch(/^ref_[0-9a-z]{26}$/);
    const again = await assign(licenseId, 'ada@example.com');
    expect([again.body.changed, again.body.user]).toEqual([false, first.body.user]);
    const history = await api.send('GET', licenseId, 'history');
    expect(history.body.data?.[2]).toMatchObject({ type: 'UserAssigned', data: { userRef: first.body.user } });
    expect(JSON.stringify(await ledger.events(), (_, value) => (typeof value === 'bigint' ? '' : value))).not.toContain(
      'ada@',
    );
  });

  test('of two holders has two references, and each holder recognizes its own', async () => {
    const other = await ledger.createVendor('Another holder');
    const references: unknown[] = [];
    for (const holder of [ledger.b, other]) {
      const [first, second] = [await heldBy(holder), await heldBy(holder)];
      const { body } = await assign(first.licenseId, 'ada@example.com', holder.apiKey);
      expect((await assign(second.licenseId, 'ada@example.com', holder.apiKey)).body.user).toBe(body.user);
      expect(await usersOf(first.licenseId)).toEqual([body.user]);
      expect(await isAssigned(first.licenseKey, 'ada@example.com')).toBe(true);
      expect(await isAssigned(first.licenseKey, 'grace@example.com')).toBe(false);
      references.push(body.user);
    }
    const { licenseId } = await issue();
    references.push((await assign(licenseId, 'ada@example.com')).body.user);
    expect(new Set(references).size).toBe(3);
  });

  test('stays assigned when the license gets another holder, also under the reference of an earlier release', async () => {
    const { licenseId, licenseKey } = await heldBy(ledger.b);
    const earlier = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, formerHolders: [] };
    const [userRef = ''] = userReferences(ledger.secrets, earlier, 'ada');
    await sendTo(ledger, licenseId, { type: 'AssignUser', data: { userRef } });
    await assign(licenseId, 'grace', ledger.b.apiKey);
    const other = await ledger.createVendor('Another holder');
    const transfer = { accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
    await sendTo(ledger, licenseId, { type: 'Transfer', data: { toHolderOrgId: other.organizationId, ...transfer } });
    for (const user of ['ada', 'grace']) {
      await condition(`${user} is assigned`, () => isAssigned(licenseKey, user));
      expect((await assign(licenseId, user, other.apiKey)).body.changed).toBe(false);
    }
  });

  test('of this server is named by its id', async () => {
    const { userId } = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
    const { licenseId } = await issue();
    expect((await assign(licenseId, userId)).body.user).toBe(userId);
    expect((await unassign(licenseId, userId)).body).toMatchObject({ changed: true, license: { usage: { users: 0 } } });
  });

  test('is unassigned by its reference, once', async () => {
    const { licenseId } = await issue();
    const { body } = await assign(licenseId, 'ada');
    expect((await unassign(licenseId, body.user)).body.changed).toBe(true);
    expect((await unassign(licenseId, body.user)).body.changed).toBe(false);
    expect(await usersOf(licenseId)).toEqual([]);
    expect(refusal(await unassign(licenseId, 'ada@example.com'))).toEqual([400, 'INVALID_REQUEST']);
  });

  test('is refused beyond the limit and on a revoked license', async () => {
    const { licenseId } = await issue({ limits: { users: 1 } });
    await assign(licenseId, 'ada');
    expect(refusal(await assign(licenseId, 'grace'))).toEqual([409, 'USER_LIMIT_EXCEEDED']);
    await api.post(licenseId, 'revoke', { reason: { code: 'OVER' } });
    expect(refusal(await assign(licenseId, 'ada'))).toEqual([409, 'LICENSE_REVOKED']);
  });

  test('is assigned twice by twenty concurrent requests for two places', async () => {
    const { licenseId } = await issue();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, user) => assign(licenseId, `user ${user}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(await usersOf(licenseId)).toHaveLength(2);
  });
});

describe('The list', () => {
  test('has the users that are assigned now, the last one first, page by page', async () => {
    const { licenseId } = await issue({ limits: { users: 9 } });
    const users: unknown[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) users.push((await assign(licenseId, name)).body.user);
    await unassign(licenseId, users[1]);
    const expected = users.filter((_, index) => index !== 1).toReversed();
    expect(await usersOf(licenseId)).toEqual(expected);
    const paged: unknown[] = [];
    let path = `/v1/licenses/${licenseId}/users?limit=2`;
    for (let page = 0; page < 3 && path !== ''; page += 1) {
      const { body, headers } = await ledger.call('GET', path, { key: ledger.a.apiKey });
      paged.push(...Object.values(body.data ?? {}).map(({ user }) => user));
      path = /<([^>]+)>/.exec(headers.get('link') ?? '')?.[1] ?? '';
    }
    expect(paged).toEqual(expected);
  });

  test('is visible to the issuer and the holder only', async () => {
    const { licenseId } = await held();
    await assign(licenseId, 'ada', ledger.b.apiKey);
    expect(await usersOf(licenseId)).toHaveLength(1);
    expect(await usersOf(licenseId, ledger.b.apiKey)).toHaveLength(1);
    const other = await ledger.createVendor('Other');
    const answer = await api.send('GET', licenseId, 'users', undefined, other.apiKey);
    expect(refusal(answer)).toEqual([404, 'LICENSE_NOT_FOUND']);
  });
});

describe('The name of a user', () => {
  const namesOf = async (licenseId: string, key: string) =>
    Object.values((await api.send('GET', licenseId, 'users', undefined, key)).body.data ?? {}).map(({ name }) => name);
  const unassignByName = (licenseId: string, user: string, key?: string) =>
    api.send('DELETE', licenseId, 'users', { user, reason: { code: 'LEFT' } }, key);
  const storedNames = (licenseId: string, { organizationId }: TestOrganization) =>
    asTenant(ledger.needs.pool, organizationId, async (db) => {
      const text = 'select name from vault.assigned_users where license_id = $1 order by name';
      return (await db.query<{ name: string }>(text, [licenseId])).rows.map(({ name }) => name);
    });

  test('is readable for the organization that assigned the user, and for no other', async () => {
    const { licenseId } = await held();
    await assign(licenseId, 'Ada@example.com', ledger.b.apiKey);
    await assign(licenseId, 'grace', ledger.b.apiKey);
    expect(await namesOf(licenseId, ledger.b.apiKey)).toEqual(['grace', 'Ada@example.com']);
    expect(await namesOf(licenseId, ledger.a.apiKey)).toEqual([null, null]);
    const own = await issue();
    await assign(own.licenseId, 'ada@example.com');
    expect(await namesOf(own.licenseId, ledger.a.apiKey)).toEqual(['ada@example.com']);
  });

  test('is missing in an assignment of an earlier release, until the user is assigned again', async () => {
    const { licenseId } = await issue();
    const parties = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, formerHolders: [] };
    const [userRef = ''] = userReferences(ledger.secrets, parties, 'ada');
    await sendTo(ledger, licenseId, { type: 'AssignUser', data: { userRef } });
    const { userId } = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
    await assign(licenseId, userId);
    expect(await namesOf(licenseId, ledger.a.apiKey)).toEqual([null, null]);
    expect((await assign(licenseId, 'ada')).body.changed).toBe(false);
    expect(await namesOf(licenseId, ledger.a.apiKey)).toEqual([null, 'ada']);
  });

  test('unassigns the user, in any case of the letters of an address, and is erased then', async () => {
    const { licenseId, licenseKey } = await held();
    await assign(licenseId, 'ada@example.com', ledger.b.apiKey);
    const byIssuer = await unassignByName(licenseId, 'ada@example.com');
    expect(refusal(byIssuer)).toEqual([403, 'FORBIDDEN']);
    const stranger = await ledger.createVendor('Stranger');
    const byStranger = await unassignByName(licenseId, 'ada@example.com', stranger.apiKey);
    expect(refusal(byStranger)).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect((await unassignByName(licenseId, 'grace', ledger.b.apiKey)).body.changed).toBe(false);
    const unassigned = await unassignByName(licenseId, ' ADA@example.com', ledger.b.apiKey);
    expect(unassigned.body).toMatchObject({ changed: true, license: { usage: { users: 0 } } });
    expect((await unassignByName(licenseId, 'ada@example.com', ledger.b.apiKey)).body.changed).toBe(false);
    expect(await isAssigned(licenseKey, 'ada@example.com')).toBe(false);
    expect(await storedNames(licenseId, ledger.b)).toEqual([]);
    const history = await api.send('GET', licenseId, 'history?order=desc&limit=1');
    expect(history.body.data?.[0]).toMatchObject({ type: 'UserUnassigned', reason: { code: 'LEFT' } });
  });

  test('is erased for a holder that no longer has the license, also when the user stays', async () => {
    for (const activations of ['KEEP', 'RELEASE']) {
      const { licenseId } = await held();
      await assign(licenseId, 'ada', ledger.b.apiKey);
      expect(await storedNames(licenseId, ledger.b)).toEqual(['ada']);
      const next = await ledger.createVendor('Next holder');
      await ledger.consent(next.organizationId);
      await api.done(licenseId, 'transfer', {
        toHolderOrganizationId: next.organizationId,
        accepted: true,
        activations,
      });
      expect(await namesOf(licenseId, next.apiKey)).toEqual(activations === 'KEEP' ? [null] : []);
      expect(await storedNames(licenseId, ledger.b)).toEqual([]);
    }
  });

  test('of a user whose assignment has ended is erased with the next assignment', async () => {
    const { licenseId } = await issue();
    const { body } = await assign(licenseId, 'ada');
    await sendTo(ledger, licenseId, { type: 'UnassignUser', data: { userRef: String(body.user), cause: 'ADMIN' } });
    expect(await storedNames(licenseId, ledger.a)).toEqual(['ada']);
    await assign(licenseId, 'grace');
    expect(await storedNames(licenseId, ledger.a)).toEqual(['grace']);
  });
});

describe('A license with a holder', () => {
  test('is assigned by the holder, not by its issuer', async () => {
    const { licenseId } = await held();
    expect(refusal(await assign(licenseId, 'ada'))).toEqual([403, 'FORBIDDEN']);
    const { body } = await assign(licenseId, 'ada', ledger.b.apiKey);
    expect(body.changed).toBe(true);
    expect(refusal(await unassign(licenseId, body.user))).toEqual([403, 'FORBIDDEN']);
    expect((await unassign(licenseId, body.user, ledger.b.apiKey)).body.changed).toBe(true);
  });

  test('lets its holder release devices, and not suspend it, change it or read the history of the issuer', async () => {
    const { licenseId, licenseKey } = await held();
    const { body } = await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'a' } });
    const release = () => api.send('DELETE', licenseId, `activations/${body.activation?.id}`, {}, ledger.b.apiKey);
    expect((await release()).body).toMatchObject({ changed: true, license: { usage: { activations: 0 } } });
    expect((await release()).body.changed).toBe(false);
    const reason = { code: 'MINE' };
    const refused: readonly (readonly [string, object])[] = [
      ['suspend', { reason: { code: 'PAYMENT' } }],
      ['expiry', { to: '2099-01-01T00:00:00Z', reason }],
      ['limits', { limits: { activations: 99 } }],
      ['products', { add: ['workflow_app'] }],
      ['entitlements', { grant: { code: 'export' } }],
      ['tier', { tier: 'ENTERPRISE' }],
      ['transfer', { toHolderOrganizationId: null }],
    ];
    for (const [verb, command] of refused)
      expect([verb, ...refusal(await api.post(licenseId, verb, command, ledger.b.apiKey))]).toEqual([
        verb,
        403,
        'FORBIDDEN',
      ]);
    expect(refusal(await api.send('PATCH', licenseId, '', { externalRef: 'x' }, ledger.b.apiKey))).toEqual([
      403,
      'FORBIDDEN',
    ]);
  });
});

describe('A device', () => {
  test('is released by an administrator without the limits of the policy', async () => {
    const { licenseId, licenseKey } = await issue();
    const { body } = await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'a' } });
    const activation = `activations/${body.activation?.id}`;
    const answer = await api.send('DELETE', licenseId, activation, {
      reason: { code: 'DEVICE_LOST', text: 'On a train' },
    });
    expect([answer.status, answer.body.changed]).toEqual([200, true]);
    const history = await api.send('GET', licenseId, 'history?order=desc&limit=1');
    expect(history.body.data?.[0]).toMatchObject({
      type: 'ActivationDeactivated',
      data: { cause: 'ADMIN' },
      reason: { code: 'DEVICE_LOST', text: 'On a train' },
    });
    expect((await api.send('DELETE', licenseId, activation)).body.changed).toBe(false);
  });

  test('that was never activated is not found', async () => {
    const { licenseId } = await issue();
    const answer = await api.send('DELETE', licenseId, 'activations/act_01h455vb4pex5vsknk084sn02q');
    expect(refusal(answer)).toEqual([404, 'ACTIVATION_NOT_FOUND']);
  });
});
