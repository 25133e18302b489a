import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { sized } from '../../support/size.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const password = 'four small green apples';
const newEmail = () => `${randomUUID()}@vendor.example`;
const signUp = (body: object, headers: Record<string, string> = {}) =>
  ledger.call('POST', '/v1/auth/signup', { body: { password, ...body }, headers });

test('A signup creates a user and an organization, and signs in', async () => {
  const email = newEmail();
  const answer = await signUp({
    email: email.toUpperCase(),
    displayName: 'Ann Lee',
    organizationName: 'Ann’s Tools',
    timeZone: 'Europe/Berlin',
  });
  expect([answer.status, answer.body]).toMatchObject([
    201,
    {
      tokenType: 'Bearer',
      expiresInSeconds: 3_600,
      refreshToken: expect.stringMatching(/^lgr_rt_/),
      user: { id: expect.stringMatching(/^usr_/), email: email.toUpperCase(), displayName: 'Ann Lee' },
      organization: { id: expect.stringMatching(/^org_/), name: 'Ann’s Tools', role: 'OWNER' },
    },
  ]);
  expect(answer.headers.get('ledger-position')).toMatch(/^\d+$/);
  const key = String(answer.body.accessToken);
  expect((await ledger.call('GET', '/v1/auth/me', { key })).body).toMatchObject({
    user: answer.body.user,
    organization: answer.body.organization,
    sessionId: expect.stringMatching(/^ses_/),
  });
  // As OWNER of the organization, and of no other.
  expect((await ledger.call('GET', '/v1/licenses', { key })).body.data).toEqual([]);
  const created = (await ledger.events()).filter(({ stream }) => stream.endsWith(String(answer.body.organization?.id)));
  expect(created.map(({ type }) => type)).toEqual(['OrganizationCreated', 'MemberJoined']);
});

test('An address can be used once, in upper or lower case', async () => {
  const email = newEmail();
  expect((await signUp({ email })).status).toBe(201);
  const before = await ledger.traces();
  const again = await signUp({ email: email.toUpperCase() });
  expect([again.status, again.body.code]).toEqual([409, 'EMAIL_TAKEN']);
  expect(await ledger.traces()).toEqual(before);
});

test('Only one of many concurrent signups with one address succeeds', async () => {
  const email = newEmail();
  // More concurrent signups than may wait for a password hash get 503.
  const answers = await Promise.all(Array.from({ length: sized(400) }, () => signUp({ email })));
  const codes = answers.map(({ status, body }) => (status === 201 ? 'won' : String(body.code)));
  expect(codes.filter((code) => code === 'won')).toHaveLength(1);
  expect(codes.filter((code) => !['won', 'EMAIL_TAKEN', 'UNAVAILABLE'].includes(code))).toEqual([]);
});

test.each([
  ['an invalid address', { email: 'ann' }, '/email'],
  ['a short password', { password: 'short' }, '/password'],
  ['a common password', { password: 'password123' }, '/password'],
  ['a blank name', { organizationName: '   ' }, '/organizationName'],
  ['an unknown time zone', { timeZone: 'Mars/Olympus' }, '/timeZone'],
  ['a chosen role', { role: 'OWNER' }, '/role'],
])('A signup with %s is refused and leaves nothing behind', async (_name, fields, pointer) => {
  const email = newEmail();
  const { status, body } = await signUp({ email, ...fields });
  expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([400, 'INVALID_REQUEST', pointer]);
  if (!('email' in fields)) expect((await signUp({ email })).status).toBe(201);
});

test('A repeated signup gets the first answer, and is refused with another password', async () => {
  const email = newEmail();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await signUp({ email }, headers);
  const again = await signUp({ email }, headers);
  expect([again.status, again.text]).toEqual([201, first.text]);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  const guess = await signUp({ email, password: 'seven tall blue pears' }, headers);
  expect([guess.status, guess.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
});

describe('A signup that dies', () => {
  /** Makes the step with this statement fail once, by revoking a right of ledger_api. */
  const failingAt = async (privilege: string, on: string, work: () => Promise<unknown>) => {
    await ledger.database.superuser.query(`revoke ${privilege} on ${on} from ledger_api`);
    try {
      await work();
    } finally {
      await ledger.database.superuser.query(`grant ${privilege} on ${on} to ledger_api`);
    }
  };
  const steps: Readonly<Record<string, (work: () => Promise<unknown>) => Promise<void>>> = {
    'before the address is reserved': (work) => failingAt('insert', 'identity.users', work),
    'before the organization is created': async (work) => {
      ledger.faults.refuseAppends = { code: 14, details: 'down' };
      try {
        await work();
      } finally {
        ledger.faults.refuseAppends = undefined;
      }
    },
    'before the user is activated': (work) => failingAt('update', 'identity.users', work),
    'before the session is opened': (work) => failingAt('insert', 'identity.sessions', work),
    'before the refresh token is stored': (work) => failingAt('insert', 'identity.refresh_tokens', work),
  };

  test.each(Object.entries(steps))('%s continues when it is sent again', async (_name, dying) => {
    const email = newEmail();
    const headers = { 'idempotency-key': randomUUID() };
    await dying(async () => {
      expect((await signUp({ email, organizationName: 'Once' }, headers)).status).toBeGreaterThanOrEqual(500);
    });
    const answer = await signUp({ email, organizationName: 'Once' }, headers);
    expect(answer.status).toBe(201);
    const key = String(answer.body.accessToken);
    const me = await ledger.call('GET', '/v1/auth/me', { key });
    expect(me.body.organization).toEqual(answer.body.organization);
    const organizationId = String(answer.body.organization?.id);
    const events = (await ledger.events()).filter(({ stream }) => stream.endsWith(organizationId));
    expect(events.map(({ type }) => type)).toEqual(['OrganizationCreated', 'MemberJoined']);
    const login = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
    expect(login.body.organization).toEqual(answer.body.organization);
  });

  test('frees the address after 60 seconds when it is not sent again', async () => {
    const email = newEmail();
    await failingAt('update', 'identity.users', async () => {
      expect((await signUp({ email })).status).toBe(500);
    });
    expect((await signUp({ email })).body.code).toBe('EMAIL_TAKEN');
    ledger.clock.aheadMs = 60_000;
    try {
      expect((await signUp({ email, organizationName: 'Second try' })).status).toBe(201);
      const { body } = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
      // The organization of the first try is nobody's.
      expect(body.organization).toMatchObject({ name: 'Second try' });
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });
});
