import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { createAccessTokens } from '../../../src/identity/access-token.ts';
import { endSession } from '../../../src/identity/sessions.ts';
import { deactivateUser } from '../../../src/identity/users.ts';
import type { Ledger, TestMember, TestOrganization } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';
import { goodToken } from '../../support/token-vectors.ts';
import { createTestKey, createUser, openTestSession } from '../../support/users.ts';
import { allRoles, allScopes } from './expected.ts';

/** What a credential is to the organization in question. */
export type Standing =
  | { readonly kind: 'role'; readonly role: Role }
  /** An API key with this scope alone. */
  | { readonly kind: 'scope'; readonly scope: Scope }
  /** Of another organization, where it may do everything. */
  | { readonly kind: "stranger's token" | "stranger's key" }
  /** A signed-in user without an open organization. */
  | { readonly kind: 'user' }
  | { readonly kind: 'license key' }
  | { readonly kind: 'expired token' }
  /** No credential, or one that is no longer in force. */
  | { readonly kind: 'nobody' };

/** Who asks, and how. `authorization`: the header; null: none. `person`: the user behind a token that is in force. */
export type Credential = {
  readonly name: string;
  readonly is: Standing;
  readonly authorization: string | null;
  readonly person: Pick<TestMember, 'userId' | 'sessionId'> | null;
};

/** Creates every kind of credential of an organization, with the users and keys that they need. */
export const createCredentials = async (
  ledger: Ledger,
  organization: TestOrganization,
): Promise<readonly Credential[]> => {
  const [closed, stranger] = [await ledger.createVendor('Closed'), await ledger.createVendor('Stranger')];
  const others = { closed, stranger };
  const credentials = [
    { name: 'nobody at all', is: { kind: 'nobody' }, authorization: null, person: null },
    await licenseKey(ledger, organization),
    ...(await apiKeys(ledger, organization, others)),
    ...(await accessTokens(ledger, organization, others)),
    ...(await deadTokens(ledger, organization)),
  ] as const satisfies readonly Credential[];
  await ordain(ledger, closed.organizationId, { type: 'CloseOrganization', data: {} });
  return credentials;
};

type Others = { readonly closed: TestOrganization; readonly stranger: TestOrganization };

const licenseKey = async (ledger: Ledger, organization: TestOrganization): Promise<Credential> => {
  const issued = await ledger.issue({}, organization);
  return { name: 'a license key', is: { kind: 'license key' }, ...header('License', issued.licenseKey) };
};

const apiKeys = async (
  ledger: Ledger,
  { organizationId }: TestOrganization,
  { closed, stranger }: Others,
): Promise<readonly Credential[]> => {
  const scoped: Credential[] = [];
  for (const scope of allScopes) {
    const { apiKey } = await ledger.createKey(organizationId, [scope]);
    scoped.push({ name: `scope ${scope}`, is: { kind: 'scope', scope }, ...header('Bearer', apiKey) });
  }
  const revoked = await ledger.createKey(organizationId, allScopes);
  await ordain(ledger, organizationId, { type: 'RevokeApiKey', data: { apiKeyId: revoked.apiKeyId } });
  const expired = await ledger.createKey(organizationId, allScopes);
  await ledger.database.superuser.query('update rm.api_keys set expires_at = $2 where api_key_id = $1', [
    expired.apiKeyId,
    new Date(Date.now() - 1),
  ]);
  return [
    ...scoped,
    { ...dead('a revoked API key'), ...header('Bearer', revoked.apiKey) },
    { ...dead('an expired API key'), ...header('Bearer', expired.apiKey) },
    { ...dead('an API key of a closed organization'), ...header('Bearer', closed.apiKey) },
    {
      name: 'an API key of another organization',
      is: { kind: "stranger's key" },
      ...header('Bearer', stranger.apiKey),
    },
  ];
};

const accessTokens = async (
  ledger: Ledger,
  { organizationId }: TestOrganization,
  { closed, stranger }: Others,
): Promise<readonly Credential[]> => {
  const members: Credential[] = [];
  for (const role of allRoles) {
    const member = await ledger.createMember(organizationId, role);
    members.push({ name: `role ${role}`, is: { kind: 'role', role }, ...tokenOf(member) });
  }
  const removed = await ledger.createMember(organizationId, 'OWNER');
  await ordain(ledger, organizationId, { type: 'RemoveMember', data: { userId: removed.userId, deactivated: [] } });
  const ofClosed = await ledger.createMember(closed.organizationId, 'OWNER');
  const ofStranger = await ledger.createMember(stranger.organizationId, 'OWNER');
  return [
    ...members,
    { name: 'the OWNER of another organization', is: { kind: "stranger's token" }, ...tokenOf(ofStranger) },
    { name: 'the OWNER of a closed organization', is: { kind: 'user' }, ...tokenOf(ofClosed) },
    { name: 'a member who was removed', is: { kind: 'user' }, ...tokenOf(removed) },
    { name: 'a user of no organization', is: { kind: 'user' }, ...tokenOf(await createLoner(ledger)) },
  ];
};

/** Tokens of OWNERs that no longer work, each for another reason. */
const deadTokens = async (ledger: Ledger, { organizationId }: TestOrganization): Promise<readonly Credential[]> => {
  const { ring, database } = ledger;
  const owner = () => ledger.createMember(organizationId, 'OWNER');

  const late = await owner();
  const past = createAccessTokens({ ring, accessTokenSeconds: 3_600, nowMs: () => Date.now() - 7_200_000 });
  const { token: expired } = past.signAccessToken({ sub: late.userId, tid: organizationId, sid: late.sessionId });

  const out = await owner();
  await endSession(database.api, out.userId, { sessionId: out.sessionId, reason: 'LOGOUT', now: new Date() });
  const gone = await owner();
  await deactivateUser(database.api, gone.userId, { owners: [], now: new Date() });

  // Good until its key leaves the ring, or the matrix would show nothing.
  const key = createTestKey();
  ring.keys.set(key.kid, key);
  const rotated = await owner();
  const session = { sub: rotated.userId, tid: organizationId, sid: rotated.sessionId };
  const ofKey = goodToken({ key, session, nowSeconds: Math.floor(Date.now() / 1_000) });
  const { status } = await ledger.call('GET', '/v1/licenses', { key: ofKey });
  if (status !== 200) throw new Error(`A token of a key in the ring was answered ${status}.`);
  ring.keys.delete(key.kid);

  return [
    { name: 'an expired token', is: { kind: 'expired token' }, ...header('Bearer', expired) },
    { ...dead('a token of a session that was ended'), ...header('Bearer', out.accessToken) },
    { ...dead('a token of a deactivated user'), ...header('Bearer', gone.accessToken) },
    { ...dead('a token of a key that was removed'), ...header('Bearer', ofKey) },
  ];
};

const createLoner = async ({ database, accessTokens: { signAccessToken } }: Ledger) => {
  const { userId } = await createUser(database.api);
  const { sessionId } = await openTestSession(database.api, userId, { now: new Date() });
  const { token } = signAccessToken({ sub: userId, tid: null, sid: sessionId });
  return { userId, sessionId, accessToken: token };
};

const dead = (name: string) => ({ name, is: { kind: 'nobody' } }) as const;

const header = (scheme: 'Bearer' | 'License', secret: string) => ({
  authorization: `${scheme} ${secret}`,
  person: null,
});

const tokenOf = ({ userId, sessionId, accessToken }: Pick<TestMember, 'userId' | 'sessionId' | 'accessToken'>) => ({
  authorization: `Bearer ${accessToken}`,
  person: { userId, sessionId },
});
