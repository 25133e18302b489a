import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeInvitationToken } from '../../../src/api/organizations/invitation-token.ts';
import { deactivateUser } from '../../../src/identity/users.ts';
import { type Answer, type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { openMailbox } from '../../support/mails.ts';
import { ordain } from '../../support/organizations.ts';

let ledger: Ledger;
let mailbox: ReturnType<typeof openMailbox>;
let inviter: TestMember;
beforeAll(async () => {
  ledger = await startLedger();
  mailbox = openMailbox(ledger);
  inviter = await ledger.createMember(ledger.a.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const [password, other] = ['four small green apples', 'seven tall blue pears'];
const newEmail = () => `${randomUUID()}@vendor.example`;
const post = (path: string, body: object, key?: string, headers: Record<string, string> = {}) =>
  ledger.call('POST', path, { body, key, headers });
const invite = async (email: string, key = inviter.accessToken, organizationId = ledger.a.organizationId) => {
  const answer = await post(`/v1/organizations/${organizationId}/members`, { email, role: 'MEMBER' }, key);
  if (answer.status !== 201) throw new Error(answer.text);
  return {
    shown: String(answer.body.token),
    invitationId: String(answer.body.invitation?.invitationId),
    isMailed: answer.body.isMailed,
    mailed: () => mailbox.tokenTo(email),
  };
};
const accept = (token: string, chosen?: string, key?: string) =>
  post('/v1/invitations/accept', { token, ...(chosen === undefined ? {} : { password: chosen }) }, key);
/** Accepts as a new user, also when somebody else has the address and never proved it. */
const replace = (token: string, chosen: string) =>
  post('/v1/invitations/accept', { token, password: chosen, replaceAccount: true });
const signUp = (email: string, chosen: string) =>
  post('/v1/auth/signup', { email, password: chosen, organizationName: 'Squatting' });
const refusal = ({ status, body }: Answer) => [status, body.code];
const isProven = async (email: string): Promise<boolean> => {
  const { rows } = await ledger.database.superuser.query(
    'select email_proven_at is not null as proven from identity.users where email_lower = $1',
    [email.toLowerCase()],
  );
  return rows[0].proven;
};
const me = (answer: Answer) => ledger.call('GET', '/v1/auth/me', { key: String(answer.body.accessToken) });

test('A new member’s address is proved by the mailed token, and not by the one that the inviter saw', async () => {
  const [mailedTo, shownTo] = [newEmail(), newEmail()];
  const first = await invite(mailedTo);
  expect(first.isMailed).toBe(true);
  expect((await accept(await first.mailed(), password)).status).toBe(201);
  expect((await accept((await invite(shownTo)).shown, password)).status).toBe(201);
  expect([await isProven(mailedTo), await isProven(shownTo)]).toEqual([true, false]);
  expect(refusal(await accept(await first.mailed(), password))).toEqual([404, 'NOT_FOUND']);
});

test('An invitation by an API key is mailed, and only the mail has its token', async () => {
  const email = newEmail();
  const { mailed, shown } = await invite(email, ledger.a.apiKey);
  expect(shown).toBe('null');
  expect((await accept(await mailed(), password)).status).toBe(201);
});

describe('Somebody who signed up with another person’s address', () => {
  const squat = async () => {
    const email = newEmail();
    const squatter = await signUp(email, other);
    expect(squatter.status).toBe(201);
    return { email, squatter, squattersId: String(squatter.body.user?.id) };
  };

  test('loses the address and every session to the owner’s mailed invitation, and keeps the organization', async () => {
    const { email, squatter, squattersId } = await squat();
    const { mailed, shown } = await invite(email);
    // The inviter’s token touches no existing account.
    expect(refusal(await replace(shown, password))).toEqual([409, 'EMAIL_TAKEN']);
    expect((await me(squatter)).status).toBe(200);

    const owner = await replace(await mailed(), password);
    expect([owner.status, owner.body.organization, owner.body.user]).toMatchObject([
      201,
      { id: ledger.a.organizationId, role: 'MEMBER' },
      { email },
    ]);
    expect(owner.body.user?.id).not.toBe(squattersId);
    expect((await me(squatter)).status).toBe(401);
    const refreshed = await post('/v1/auth/refresh', { refreshToken: squatter.body.refreshToken });
    expect(refreshed.status).toBe(401);
    expect((await post('/v1/auth/login', { email, password: other })).status).toBe(401);
    const login = await post('/v1/auth/login', { email, password });
    expect(login.body.organization).toMatchObject({ id: ledger.a.organizationId });

    const organizations = await ledger.call('GET', '/v1/organizations', { key: String(owner.body.accessToken) });
    expect(JSON.stringify(organizations.body)).not.toContain('Squatting');
    const without = await post('/v1/auth/login', { email: `${squattersId}@no-address.invalid`, password: other });
    expect([without.status, without.body.organization]).toMatchObject([200, { name: 'Squatting', role: 'OWNER' }]);
  });

  test('loses an open reset of the password with the address', async () => {
    const { email } = await squat();
    await post('/v1/auth/password-resets', { email });
    const reset = await mailbox.tokenTo(email);
    const { mailed } = await invite(email);
    expect((await replace(await mailed(), password)).status).toBe(201);
    const redeemed = await post('/v1/auth/password-resets/redeem', { token: reset, newPassword: other });
    expect(refusal(redeemed)).toEqual([404, 'NOT_FOUND']);
  });

  test('does not keep the address by deactivating the login', async () => {
    const { email, squattersId } = await squat();
    await deactivateUser(ledger.database.api, squattersId, { owners: [], now: new Date() });
    const token = await (await invite(email)).mailed();
    const refused = await accept(token, other);
    expect([...refusal(refused), refused.body.detail]).toMatchObject([
      409,
      'EMAIL_TAKEN',
      expect.stringMatching(/deactivated.*"replaceAccount": true/),
    ]);
    expect((await replace(token, password)).status).toBe(201);
  });

  test('loses it once, whichever of two mailed invitations is accepted first', async () => {
    const { email } = await squat();
    const second = await ledger.createMember(ledger.b.organizationId, 'OWNER');
    const tokens = [
      await (await invite(email)).mailed(),
      await (await invite(email, second.accessToken, ledger.b.organizationId)).mailed(),
    ];
    const answers = await Promise.all(tokens.map((token) => replace(token, password)));
    const codes = answers.map(({ status, body }) => (status === 201 ? 'joined' : body.code));
    expect(codes).toContain('joined');
    for (const code of codes) expect(['joined', 'EMAIL_TAKEN']).toContain(code);
    const { rows } = await ledger.database.superuser.query('select from identity.users where email_lower = $1', [
      email,
    ]);
    expect(rows).toHaveLength(1);
    // The loser was refused before it joined.
    const joined = (await ledger.events()).filter(({ type }) => type === 'MemberJoined').map(({ data }) => data);
    const invited = tokens.map((token) => decodeInvitationToken(ledger.secrets, token)?.invitationId);
    expect(joined.filter(({ invitationId }) => invited.includes(String(invitationId)))).toHaveLength(1);
  });

  test('does not get the owner’s half-finished account with the token that the inviter saw', async () => {
    const { email } = await squat();
    const { mailed, shown } = await invite(email);
    const token = await mailed();
    await ledger.database.superuser.query('revoke insert on identity.sessions from ledger_api');
    expect((await replace(token, password)).status).toBe(500);
    await ledger.database.superuser.query('grant insert on identity.sessions to ledger_api');
    expect((await accept(shown, other)).status).toBe(404);
    expect((await post('/v1/auth/login', { email, password: other })).status).toBe(401);
    expect((await post('/v1/auth/login', { email, password })).status).toBe(200);
  });
});

describe('Somebody who never proved the own address keeps the account', () => {
  const keeps = async (email: string, own: Answer) => {
    expect((await me(own)).status).toBe(200);
    const login = await post('/v1/auth/login', { email, password });
    expect([login.status, login.body.user?.id]).toEqual([200, own.body.user?.id]);
    expect(refusal(await signUp(email, other))).toEqual([409, 'EMAIL_TAKEN']);
  };

  test('when the password of an acceptance is mistyped, and only the mail’s reader learns what to do', async () => {
    const email = newEmail();
    const own = await signUp(email, password);
    const { mailed, shown } = await invite(email);
    const [token, inviters] = [await mailed(), await replace(shown, other)];
    for (const refused of [await accept(token, other), inviters]) {
      expect(refusal(refused)).toEqual([409, 'EMAIL_TAKEN']);
      expect(String(refused.body.detail).includes('"replaceAccount": true')).toBe(refused !== inviters);
    }
    await keeps(email, own);
    const alone = await post('/v1/invitations/accept', { token, replaceAccount: true });
    expect(alone.body.errors?.[0]?.pointer).toBe('/replaceAccount');
    expect((await accept(token, password)).body.user).toMatchObject({ id: own.body.user?.id });
  });

  test('when the organization is closed before the acceptance', async () => {
    const email = newEmail();
    const own = await signUp(email, password);
    const { organizationId } = await ledger.createVendor('To be closed');
    const owner = await ledger.createMember(organizationId, 'OWNER');
    const token = await (await invite(email, owner.accessToken, organizationId)).mailed();
    await ordain(ledger, organizationId, { type: 'CloseOrganization', data: {} });
    expect(refusal(await replace(token, other))).toEqual([409, 'ORGANIZATION_CLOSED']);
    await keeps(email, own);
  });

  test('while an acceptance stopped between two steps, until it is repeated', async () => {
    const email = newEmail();
    const own = await signUp(email, password);
    const token = await (await invite(email)).mailed();
    await ledger.database.superuser.query('revoke update on identity.users from ledger_api');
    expect((await replace(token, other)).status).toBe(500);
    await ledger.database.superuser.query('grant update on identity.users to ledger_api');
    await keeps(email, own);
    expect(refusal(await accept(token, other))).toEqual([409, 'EMAIL_TAKEN']);
    const answers = await Promise.all([replace(token, other), replace(token, other)]);
    expect(answers.map(({ status }) => status)).toContain(201);
    expect((await me(own)).status).toBe(401);
    expect((await post('/v1/auth/login', { email, password: other })).body.organization).toMatchObject({
      id: ledger.a.organizationId,
    });
  });
});

test('An owner who never proved the address keeps the account by its password', async () => {
  const email = newEmail();
  const own = await signUp(email, password);
  const answer = await accept(await (await invite(email)).mailed(), password);
  expect([answer.status, answer.body.user?.id]).toEqual([201, own.body.user?.id]);
  expect((await me(own)).status).toBe(200);
  expect(await isProven(email)).toBe(true);
});

test('A signed-in user who accepts with the mailed token proves the address', async () => {
  const [byMail, byHand] = [newEmail(), newEmail()];
  const [mailed, shown] = [await signUp(byMail, password), await signUp(byHand, password)];
  const key = (answer: Answer) => String(answer.body.accessToken);
  expect((await accept(await (await invite(byMail)).mailed(), undefined, key(mailed))).status).toBe(200);
  expect((await accept((await invite(byHand)).shown, undefined, key(shown))).status).toBe(200);
  expect([await isProven(byMail), await isProven(byHand)]).toEqual([true, false]);
});

test('An account with a proved address loses it to nobody', async () => {
  const email = newEmail();
  await accept(await (await invite(email)).mailed(), password);
  const second = await ledger.createMember(ledger.b.organizationId, 'OWNER');
  const { mailed } = await invite(email, second.accessToken, ledger.b.organizationId);
  expect(refusal(await accept(await mailed(), other))).toEqual([409, 'EMAIL_TAKEN']);
  expect((await post('/v1/auth/login', { email, password })).status).toBe(200);
});

test('A mail of an invitation is neither lost nor sent after its end', async () => {
  const [kept, withdrawn, unstored] = [newEmail(), newEmail(), newEmail()];
  const { organizationId } = ledger.a;
  await invite(kept);
  const data = { invitationId: (await invite(withdrawn)).invitationId };
  await ordain(ledger, organizationId, { type: 'WithdrawInvitation', data });
  // The process dies after the mail was queued, and before the event is stored: the repetition stores it.
  const headers = { 'idempotency-key': randomUUID() };
  const request = [`/v1/organizations/${organizationId}/members`, { email: unstored, role: 'MEMBER' }] as const;
  await ledger.database.superuser.query('revoke insert on vault.personal_values from ledger_api');
  expect((await post(...request, inviter.accessToken, headers)).status).toBe(500);
  await ledger.database.superuser.query('grant insert on vault.personal_values to ledger_api');
  expect(await mailbox.mailsTo(unstored)).toEqual([]);
  expect((await post(...request, inviter.accessToken, headers)).status).toBe(201);
  ledger.clock.aheadMs = 60_000;
  try {
    const sent = [await mailbox.mailsTo(kept), await mailbox.mailsTo(withdrawn), await mailbox.mailsTo(unstored)];
    expect(sent.map(({ length }) => length)).toEqual([1, 0, 1]);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});

test('Nobody signs up with, or is invited to, the address of a user who lost one', async () => {
  const email = 'usr_01h455vb4pex5vsknk084sn02q@no-address.invalid';
  expect((await signUp(email, password)).body.errors?.[0]?.pointer).toBe('/email');
  await expect(invite(email)).rejects.toThrow('/email');
});
