import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SignupMode } from '../../../src/domain/organization/signup-mode.ts';
import { setPassword } from '../../../src/identity/users.ts';
import { type Answer, type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { openMailbox } from '../../support/mails.ts';
import { cheapPasswords } from '../../support/passwords.ts';

const [password, other] = ['four small green apples', 'seven tall blue pears'];
const newEmail = () => `${randomUUID()}@vendor.example`;
const outcome = ({ status, body }: Answer) => [status, body.code ?? null];
const closed = [403, 'SIGNUP_CLOSED'];

const started = (mode: SignupMode) => {
  let ledger: Ledger;
  let owner: TestMember;
  let mailbox: ReturnType<typeof openMailbox>;
  beforeAll(async () => {
    ledger = await startLedger({ signupMode: mode });
    mailbox = openMailbox(ledger);
    owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  });
  afterAll(() => ledger.stop());
  const post = (path: string, body: object, key?: string, headers: Record<string, string> = {}) =>
    ledger.call('POST', path, { body, key, headers });
  return {
    traces: () => ledger.traces(),
    member: () => ledger.createMember(ledger.b.organizationId, 'OWNER'),
    setTo: async (userId: string, chosen: string) => {
      const passwordHash = await cheapPasswords().hash(chosen);
      await setPassword(ledger.database.api, userId, { passwordHash, exceptSessionId: null, now: new Date() });
    },
    signUp: (email: string, headers = {}) => post('/v1/auth/signup', { email, password }, undefined, headers),
    invite: async (email: string) => {
      const path = `/v1/organizations/${ledger.a.organizationId}/members`;
      const { body } = await post(path, { email, role: 'MEMBER' }, owner.accessToken);
      return { shown: String(body.token), mailed: () => mailbox.tokenTo(email) };
    },
    accept: (token: string, chosen?: string, key?: string) =>
      post('/v1/invitations/accept', { token, ...(chosen === undefined ? {} : { password: chosen }) }, key),
  };
};

describe('On a server with closed signup', () => {
  const { traces, member, signUp, invite, accept, setTo } = started('closed');

  test('a stranger cannot sign up, learns nothing about addresses, and leaves nothing behind', async () => {
    const { email } = await member();
    const before = await traces();
    const [known, unknown] = await Promise.all([signUp(email), signUp(newEmail())]);
    expect([outcome(known), outcome(unknown)]).toEqual([closed, closed]);
    expect(known.body.detail).toBe(unknown.body.detail);
    const repeated = { 'idempotency-key': randomUUID() };
    const address = newEmail();
    expect(outcome(await signUp(address, repeated))).toEqual(closed);
    // The refusal is not stored, because the operator may open the server.
    const again = await signUp(address, repeated);
    expect(again.headers.get('idempotent-replayed')).toBeNull();
    expect(await traces()).toEqual(before);
  });

  test('an invitation creates no user, with the mailed or the shown token, and tells nobody who is one', async () => {
    const email = newEmail();
    const { shown, mailed } = await invite(email);
    expect(outcome(await accept(shown, password))).toEqual(closed);
    expect(outcome(await accept(await mailed(), password))).toEqual(closed);
    const known = await member();
    await setTo(known.userId, password);
    const forKnown = await invite(known.email);
    expect(outcome(await accept(forKnown.shown, other))).toEqual(closed);
    expect(outcome(await accept(await forKnown.mailed(), other))).toEqual(closed);
    // Who has both the mail and the password is the user.
    expect(outcome(await accept(await forKnown.mailed(), password))).toEqual([201, null]);
  });

  test('a user of the server accepts an invitation with the access token', async () => {
    const known = await member();
    const { shown } = await invite(known.email);
    expect(outcome(await accept(shown, undefined, known.accessToken))).toEqual([200, null]);
  });
});

describe('On a server for invited persons', () => {
  const { signUp, invite, accept } = started('invited');

  test('nobody signs up, and an invited person becomes a user and a member', async () => {
    const email = newEmail();
    expect(outcome(await signUp(email))).toEqual(closed);
    const accepted = await accept((await invite(email)).shown, password);
    expect(outcome(accepted)).toEqual([201, null]);
    expect(accepted.body.organization?.role).toBe('MEMBER');
  });
});
