import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../../src/domain/ids.ts';
import { type Answer, type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { createLimited, platformPolicy } from '../../support/platform.ts';

let ledger: Ledger;
let owner: TestMember;
beforeAll(async () => {
  ledger = await startLedger({ signupPolicy: platformPolicy });
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const newEmail = () => `${randomUUID()}@invited.example`;
const pathOf = (organizationId = ledger.a.organizationId) => `/v1/organizations/${organizationId}`;
const send = (
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
  key = owner.accessToken,
) => ledger.call(method, path, { key, body, headers });
const invite = (body: object = {}, headers: Record<string, string> = {}) =>
  send('POST', `${pathOf()}/members`, { email: newEmail(), role: 'MEMBER', ...body }, headers);
const accept = ({ body }: Answer) =>
  ledger.call('POST', '/v1/invitations/accept', { body: { token: body.token, password: 'four small green apples' } });
const open = async (query = '') => (await send('GET', `${pathOf()}/members?state=invited${query}`)).body;
const valuesOn = async (subject: unknown) => {
  const { rows } = await ledger.database.superuser.query('select from vault.personal_values where subject = $1', [
    subject,
  ]);
  return rows.length;
};

describe('An invitation', () => {
  test('returns a token that makes the invited person a member in the role', async () => {
    const email = newEmail();
    const invited = await invite({ email, role: 'AUDITOR' });
    expect([invited.status, invited.body]).toEqual([
      201,
      {
        invitation: {
          state: 'invited',
          invitationId: expect.stringMatching(/^inv_/),
          email,
          role: 'AUDITOR',
          invitedAt: expect.any(String),
          expiresAt: expect.any(String),
          createdBy: expect.stringMatching(/^usr_/),
        },
        token: expect.any(String),
        isMailed: true,
      },
    ]);
    const { invitedAt, expiresAt } = invited.body.invitation ?? {};
    expect(Date.parse(String(expiresAt)) - Date.parse(String(invitedAt))).toBe(7 * 86_400_000);
    expect((await open()).data?.[0]).toEqual(invited.body.invitation);

    const accepted = await accept(invited);
    expect([accepted.status, accepted.body.organization]).toMatchObject([201, { role: 'AUDITOR' }]);
    expect(JSON.stringify(await open())).not.toContain(email);
    const members = await send('GET', `${pathOf()}/members?role=AUDITOR`);
    expect(members.body.data?.[0]).toMatchObject({ email, role: 'AUDITOR', userId: accepted.body.user?.id });
  });

  test('shows the address in no event and only to members who may invite', async () => {
    const email = newEmail();
    await invite({ email });
    expect((await ledger.events()).filter((event) => JSON.stringify(event.data).includes(email))).toEqual([]);
    const member = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
    const seen = await send('GET', `${pathOf()}/members?state=invited`, undefined, {}, member.accessToken);
    expect(seen.status).toBe(200);
    expect(seen.text).not.toContain('@');
    expect(seen.body.data?.[0]).toMatchObject({ role: 'MEMBER', state: 'invited' });
  });

  test('returns the same token for the same Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const email = newEmail();
    const [one, two] = [await invite({ email }, headers), await invite({ email }, headers)];
    expect([two.status, two.text]).toEqual([201, one.text]);
    expect(JSON.stringify(await open('&limit=100')).split(email)).toHaveLength(2);
  });

  test('is listed while it is open, newest first, in pages and by role', async () => {
    const organization = await ledger.createVendor('Lists');
    const path = `${pathOf(organization.organizationId)}/members`;
    const as = (method: string, query = '', body?: object) =>
      send(method, `${path}${query}`, body, {}, organization.apiKey);
    const expiresAt = new Date(Date.parse(ledger.needs.now()) + 3_600_000).toISOString();
    for (const fields of [{ role: 'GUEST' }, { role: 'MEMBER', expiresAt }, { role: 'BILLING' }])
      await as('POST', '', { email: newEmail(), ...fields });
    const first = await as('GET', '?state=invited&limit=2');
    expect(first.body).toMatchObject({ hasMore: true, data: [{ role: 'BILLING' }, { role: 'MEMBER', expiresAt }] });
    expect(first.headers.get('link')).toContain('state=invited&limit=2&cursor=');
    const next = await as('GET', `?state=invited&limit=2&cursor=${first.body.nextCursor}`);
    expect(next.body).toMatchObject({ hasMore: false, data: [{ role: 'GUEST' }] });
    expect((await as('GET', '?state=invited&role=GUEST')).body.data).toMatchObject([{ role: 'GUEST' }]);
    ledger.clock.aheadMs += 3_600_000;
    expect((await as('GET', '?state=invited')).body.data).toMatchObject([{ role: 'BILLING' }, { role: 'GUEST' }]);
    ledger.clock.aheadMs -= 3_600_000;
  });

  test('that is withdrawn no longer works, and its address is erased', async () => {
    const invited = await invite();
    const id = invited.body.invitation?.invitationId;
    const path = `${pathOf()}/invitations/${id}`;
    expect(await valuesOn(id)).toBe(1);
    const withdrawn = await send('DELETE', path);
    expect([withdrawn.status, withdrawn.text]).toEqual([204, '']);
    expect(await valuesOn(id)).toBe(0);
    expect((await send('DELETE', path)).status).toBe(204);
    const late = await accept(invited);
    expect([late.status, late.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(JSON.stringify(await open('&limit=100'))).not.toContain(String(id));
  });

  test('that is accepted, unknown or of another organization cannot be withdrawn', async () => {
    const accepted = await invite();
    await accept(accepted);
    const requestId = { 'x-request-id': 'same' };
    const answers = [
      await send('DELETE', `${pathOf()}/invitations/${accepted.body.invitation?.invitationId}`, undefined, requestId),
      await send('DELETE', `${pathOf()}/invitations/${encodeId('inv', randomUUID())}`, undefined, requestId),
    ];
    const foreign = await invite();
    const path = `${pathOf(ledger.b.organizationId)}/invitations/${foreign.body.invitation?.invitationId}`;
    answers.push(await send('DELETE', path, undefined, requestId, ledger.b.apiKey));
    for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  test('must end in the future and name an address of a person who is not a member', async () => {
    const past = await invite({ expiresAt: '2020-01-01T00:00:00.000Z' });
    expect([past.status, past.body.code]).toEqual([400, 'TERM_INVALID']);
    for (const fields of [{ email: 'nobody' }, { email: `${'x'.repeat(250)}@a.example` }, { role: 'KING' }])
      expect((await invite(fields)).body.code).toBe('INVALID_REQUEST');
    const before = await ledger.traces();
    const member = await invite({ email: owner.email.toUpperCase() });
    expect([member.status, member.body.code]).toEqual([409, 'ALREADY_MEMBER']);
    // The address is not kept for an invitation that there is not.
    expect(await ledger.traces()).toEqual(before);
  });
});

describe('The limit of the platform license', () => {
  test('counts open invitations, so one of two for the last place is refused', async () => {
    const { organization } = await createLimited(ledger, [{ code: 'members', limit: 3 }]);
    const { accessToken } = await ledger.createMember(organization.organizationId, 'OWNER');
    const path = `${pathOf(organization.organizationId)}/members`;
    const ask = () => send('POST', path, { email: newEmail(), role: 'GUEST' }, {}, accessToken);
    const first = await ask();
    expect(first.status).toBe(201);
    const answers = await Promise.all([ask(), ask()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('USER_LIMIT_EXCEEDED');

    const withdrawn = await send(
      'DELETE',
      `${pathOf(organization.organizationId)}/invitations/${first.body.invitation?.invitationId}`,
      undefined,
      {},
      accessToken,
    );
    expect(withdrawn.status).toBe(204);
    expect((await ask()).status).toBe(201);
  });
});
