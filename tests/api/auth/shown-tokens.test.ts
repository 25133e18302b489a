import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { scopes } from '../../../src/domain/organization/events.ts';
import { createMailedToken } from '../../../src/identity/mailed/mailed-token.ts';
import type { Answer, Ledger, TestMember, TestOrganization } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

// An inviter invites the address of a stranger, and uses the token that the inviter saw.
let ledger: Ledger;
let admin: TestMember;
beforeAll(async () => {
  ledger = await shareLedger();
  admin = await ledger.createMember(ledger.a.organizationId, 'ADMIN');
});

const [inviters, owners] = ['four small green apples', 'seven tall blue pears'];
const newEmail = () => `${randomUUID()}@vendor.example`;
const post = (path: string, body?: object, key?: string) => ledger.call('POST', path, { body, key });
const logIn = (email: string, password: string) => post('/v1/auth/login', { email, password });
const me = ({ body }: Answer) => ledger.call('GET', '/v1/auth/me', { key: String(body.accessToken) });
const accept = (token: unknown, password: string, more: object = {}) =>
  post('/v1/invitations/accept', { token, password, ...more });

/** Invites by an API key, and returns the token that an ADMIN asks for. */
const showToken = async (email: string): Promise<unknown> => {
  const path = `/v1/organizations/${ledger.a.organizationId}`;
  const { apiKey } = await ledger.createKey(ledger.a.organizationId, scopes);
  const invited = await post(`${path}/members`, { email, role: 'MEMBER' }, apiKey);
  expect([invited.status, invited.body.token]).toEqual([201, null]);
  const { invitationId } = invited.body.invitation ?? {};
  return (await post(`${path}/invitations/${invitationId}/token`, undefined, admin.accessToken)).body.token;
};
/** Invites, and returns the token that only the reader of the mail sees. */
const mailToken = async (email: string, { organizationId, apiKey }: TestOrganization): Promise<string> => {
  const { body } = await post(`/v1/organizations/${organizationId}/members`, { email, role: 'MEMBER' }, apiKey);
  const invitationId = String(body.invitation?.invitationId);
  return createMailedToken(ledger.secrets, 'invitation', [organizationId, invitationId]);
};

test('An account that an inviter made with the shown token does not keep the owner of the address away', async () => {
  const email = newEmail();
  const opened = await accept(await showToken(email), inviters);
  expect([opened.status, (await me(opened)).status]).toEqual([201, 200]);
  const owner = await accept(await mailToken(email, ledger.b), owners, { replaceAccount: true });
  expect([owner.status, owner.body.organization]).toMatchObject([201, { id: ledger.b.organizationId }]);
  expect([(await me(opened)).status, (await logIn(email, inviters)).status]).toEqual([401, 401]);
  expect((await logIn(email, owners)).body.user?.id).toBe(owner.body.user?.id);
  // What the inviter made stays in the inviter's organization, under the other account.
  const without = await logIn(`${opened.body.user?.id}@no-address.invalid`, inviters);
  expect(without.body.organization).toMatchObject({ id: ledger.a.organizationId });
});

test('The shown token changes no existing account, whether its address is proved or not', async () => {
  const [proved, unproved] = [newEmail(), newEmail()];
  const accounts = [
    [proved, await accept(await mailToken(proved, ledger.b), owners)],
    [unproved, await post('/v1/auth/signup', { email: unproved, password: owners, organizationName: 'Own' })],
  ] as const;
  for (const [email, own] of accounts) {
    expect(own.status).toBe(201);
    const token = await showToken(email);
    for (const more of [{}, { replaceAccount: true }]) {
      const refused = await accept(token, inviters, more);
      expect([refused.status, refused.body.code]).toEqual([409, 'EMAIL_TAKEN']);
    }
    expect([(await me(own)).status, (await logIn(email, inviters)).status]).toEqual([200, 401]);
    expect((await logIn(email, owners)).body.user?.id).toBe(own.body.user?.id);
  }
});
