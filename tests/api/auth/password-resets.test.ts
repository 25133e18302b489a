import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuthNeeds } from '../../../src/api/auth/auth-needs.ts';
import { requestPasswordResetRoute } from '../../../src/api/auth/password-resets.ts';
import type { Call } from '../../../src/api/route.ts';
import { deactivateUser, setPassword } from '../../../src/identity/users.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';
import { openMailbox } from '../../support/mails.ts';
import { cheapPasswords } from '../../support/passwords.ts';

let ledger: Ledger;
let mailbox: ReturnType<typeof openMailbox>;
let passwordHash: string;
beforeAll(async () => {
  ledger = await startLedger({
    frontOf: limitedFront('reset=1000,login=1000,login_account=3/3600,unknown_key=20/3600', { trustProxy: 1 }),
  });
  mailbox = openMailbox(ledger);
  passwordHash = await cheapPasswords().hash(forgotten);
});
afterAll(() => ledger.stop());

const [forgotten, password, other] = ['four small green apples', 'seven tall blue pears', 'nine short red plums'];
const post = (path: string, body: object, headers: Record<string, string> = {}, key?: string) =>
  ledger.call('POST', path, { body, headers, key });
const ask = (email: string, headers?: Record<string, string>) => post('/v1/auth/password-resets', { email }, headers);
const redeem = (token: string, newPassword = password, headers?: Record<string, string>) =>
  post('/v1/auth/password-resets/redeem', { token, newPassword }, headers);
const logIn = (email: string, attempted: string) => post('/v1/auth/login', { email, password: attempted });
const refusal = ({ status, body }: Answer) => [status, body.code];
const gone = [404, 'NOT_FOUND'];
const createPerson = async () => {
  const person = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
  const change = { passwordHash, exceptSessionId: person.sessionId, now: new Date(0) };
  await setPassword(ledger.database.api, person.userId, change);
  return person;
};
const provenAt = async (userId: string): Promise<Date | null> => {
  const { rows } = await ledger.database.superuser.query('select * from identity.users where user_id = $1', [userId]);
  return rows[0].email_proven_at;
};

test('A mailed token sets the password, proves the address, ends every session and signs in', async () => {
  const person = await createPerson();
  expect(await provenAt(person.userId)).toBeNull();
  const asked = await ask(person.email.toUpperCase());
  expect([asked.status, asked.body]).toEqual([202, { validMinutes: 30 }]);
  const answer = await redeem(await mailbox.tokenTo(person.email));
  expect([answer.status, answer.body]).toMatchObject([
    200,
    { user: { id: person.userId }, organization: { id: ledger.a.organizationId, role: 'ADMIN' } },
  ]);
  expect((await ledger.call('GET', '/v1/auth/me', { key: String(answer.body.accessToken) })).status).toBe(200);
  expect((await ledger.call('GET', '/v1/auth/me', { key: person.accessToken })).status).toBe(401);
  expect((await post('/v1/auth/refresh', { refreshToken: person.refreshToken })).status).toBe(401);
  expect((await logIn(person.email, forgotten)).status).toBe(401);
  expect((await logIn(person.email, password)).status).toBe(200);
  expect(await provenAt(person.userId)).not.toBeNull();
});

test('The answer and the work for an unknown address are those for a known one', async () => {
  const person = await createPerson();
  // Nobody can tell by the time who has an account, because no table of users is read.
  const { superuser } = ledger.database;
  await superuser.query('revoke execute on function identity.user_by_email(text) from ledger_api');
  await superuser.query('revoke all on identity.users from ledger_api');
  const unknown = `${randomUUID()}@vendor.example`;
  const answers = [await ask(person.email), await ask(unknown)];
  await superuser.query('grant select, insert, update, delete on identity.users to ledger_api');
  await superuser.query('revoke select on identity.users from ledger_api');
  await superuser.query(
    `grant select (user_id, email, email_lower, display_name, state, command_id, created_at, activated_at,
      deactivated_at, sessions_not_before, email_proven_at) on identity.users to ledger_api`,
  );
  await superuser.query('grant execute on function identity.user_by_email(text) to ledger_api');
  const [known = answers[1], stranger] = answers;
  expect([stranger?.status, stranger?.text]).toEqual([known?.status, known?.text]);
  expect([await mailbox.mailsTo(person.email), await mailbox.mailsTo(unknown)]).toMatchObject([[{}], []]);
});

test('A token works once, and the other tokens of the user end with it', async () => {
  const person = await createPerson();
  await ask(person.email);
  const first = await mailbox.tokenTo(person.email);
  await ask(person.email);
  const second = await mailbox.tokenTo(person.email);
  expect(first).not.toBe(second);
  const outcomes = await Promise.all([redeem(first, password), redeem(first, other), redeem(second, other)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual([200, 404, 404]);
  for (const token of [first, second]) expect(refusal(await redeem(token))).toEqual(gone);
});

test('A token works for 30 minutes from its mail on, also when the mail server was down for an hour', async () => {
  const person = await createPerson();
  await ask(person.email);
  try {
    ledger.clock.aheadMs = 1_000;
    await mailbox.deliver({ send: () => Promise.reject(new Error('down')) });
    ledger.clock.aheadMs = 3_600_000;
    const token = await mailbox.tokenTo(person.email);
    ledger.clock.aheadMs += 30 * 60_000;
    expect(refusal(await redeem(token))).toEqual(gone);
    ledger.clock.aheadMs -= 2_000;
    expect((await redeem(token)).status).toBe(200);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});

test('A text that was not mailed for a reset is refused, and counts like an unknown key', async () => {
  const headers = { 'x-forwarded-for': '10.9.9.9' };
  const refusals: Answer[] = [];
  for (let n = 0; n < 21; n += 1) refusals.push(await redeem(`lgr_mail_${'A'.repeat(100 + n)}`, password, headers));
  expect(refusal(refusals[0] as Answer)).toEqual(gone);
  expect(refusal(refusals[20] as Answer)).toEqual([429, 'RATE_LIMITED']);
  // From the same address, a token that works still does.
  const person = await createPerson();
  await ask(person.email);
  expect((await redeem(await mailbox.tokenTo(person.email), password, headers)).status).toBe(200);
});

test('A reset is a way in while wrong passwords keep the account waiting, and ends the waiting', async () => {
  const person = await createPerson();
  for (let n = 0; n < 6; n += 1) await logIn(person.email, 'wrong');
  expect((await logIn(person.email, forgotten)).status).toBe(429);
  await ask(person.email);
  expect((await redeem(await mailbox.tokenTo(person.email))).status).toBe(200);
  expect((await logIn(person.email, password)).status).toBe(200);
});

test('Wrong passwords of strangers do not keep the owner from accepting a mailed invitation', async () => {
  const email = `${randomUUID()}@vendor.example`;
  expect((await post('/v1/auth/signup', { email, password: forgotten, organizationName: 'Squatting' })).status).toBe(
    201,
  );
  const inviter = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  const place = `/v1/organizations/${ledger.a.organizationId}/members`;
  expect((await post(place, { email, role: 'MEMBER' }, {}, inviter.accessToken)).status).toBe(201);
  const token = await mailbox.tokenTo(email);
  for (let n = 0; n < 6; n += 1) await logIn(email, 'wrong');
  expect((await post('/v1/invitations/accept', { token, password, replaceAccount: true })).status).toBe(201);
});

test('A stranger causes at most three mails to an address in half an hour, and all their tokens work', async () => {
  const person = await createPerson();
  const answers: Answer[] = [];
  for (let n = 0; n < 5; n += 1) answers.push(await ask(person.email));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(await mailbox.mailsTo(person.email)).toHaveLength(3);
  expect((await redeem(await mailbox.tokenTo(person.email))).status).toBe(200);
});

test('Neither a deactivated login nor one that is deactivated after the mail comes back', async () => {
  const [before, after] = [await createPerson(), await createPerson()];
  const deactivate = ({ userId }: { readonly userId: string }) =>
    deactivateUser(ledger.database.api, userId, { owners: [], now: new Date() });
  await deactivate(before);
  await ask(before.email);
  expect(await mailbox.mailsTo(before.email)).toEqual([]);
  await ask(after.email);
  const token = await mailbox.tokenTo(after.email);
  await deactivate(after);
  expect(refusal(await redeem(token))).toEqual(gone);
});

test('A common password, or the address, is refused and leaves the token usable', async () => {
  const person = await createPerson();
  await ask(person.email);
  const token = await mailbox.tokenTo(person.email);
  for (const weak of ['basketball', person.email]) {
    const { status, body } = await redeem(token, weak);
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/newPassword']);
  }
  expect((await redeem(token)).status).toBe(200);
});

describe('With an Idempotency-Key,', () => {
  test('a repeated request sends one mail', async () => {
    const person = await createPerson();
    const headers = { 'idempotency-key': randomUUID() };
    await ask(person.email, headers);
    await ledger.database.superuser.query('delete from ops.idempotency where idempotency_key = $1', [
      headers['idempotency-key'],
    ]);
    await mailbox.deliver();
    await ask(person.email, headers);
    expect(await mailbox.mailsTo(person.email)).toHaveLength(1);
  });

  test('a reset that died before its session is completed by its repetition, and by no other request', async () => {
    const person = await createPerson();
    await ask(person.email);
    const token = await mailbox.tokenTo(person.email);
    const headers = { 'idempotency-key': randomUUID() };
    await ledger.database.superuser.query('revoke insert on identity.sessions from ledger_api');
    expect((await redeem(token, password, headers)).status).toBe(500);
    await ledger.database.superuser.query('grant insert on identity.sessions to ledger_api');
    expect(refusal(await redeem(token, other, { 'idempotency-key': randomUUID() }))).toEqual(gone);
    expect(refusal(await redeem(token, other, headers))).toEqual(gone);
    expect((await logIn(person.email, password)).status).toBe(200);
  });

  test('a repeated reset gets the first answer, and another password is refused', async () => {
    const person = await createPerson();
    await ask(person.email);
    const token = await mailbox.tokenTo(person.email);
    const headers = { 'idempotency-key': randomUUID() };
    const first = await redeem(token, password, headers);
    expect((await redeem(token, password, headers)).text).toBe(first.text);
    expect(refusal(await redeem(token, other, headers))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });
});

test('A server that sends no mail says so, for every address, and queues nothing', async () => {
  const silent = requestPasswordResetRoute({ ...ledger.needs, mailing: false } as AuthNeeds);
  const request = { params: {}, query: {}, body: { email: `${randomUUID()}@vendor.example` } };
  const answer = await silent.answer(request, {} as Call, { caller: null, user: null });
  expect(answer).toMatchObject({ problem: 'MAIL_NOT_CONFIGURED', detail: expect.stringContaining('MAIL_URL') });
});

test('No table has the token, a hash of it, or a readable address of an open request', async () => {
  const person = await createPerson();
  await ask(person.email);
  const { superuser } = ledger.database;
  const mails = await superuser.query('select m::text as row from ops.mails m');
  expect(mails.rows.map(({ row }) => row).join('\n')).not.toContain(person.email.split('@')[0]);
  const token = await mailbox.tokenTo(person.email);
  const hash = createHash('sha256').update(token).digest('hex');
  const rows = await superuser.query(
    'select m::text as row from ops.mails m union all select r::text from identity.password_resets r',
  );
  const text = rows.rows.map(({ row }) => row).join('\n');
  for (const secret of [token, hash]) expect(text).not.toContain(secret);
});
