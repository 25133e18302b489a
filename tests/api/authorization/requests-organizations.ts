import { randomUUID } from 'node:crypto';
import type { Role } from '../../../src/domain/organization/events.ts';
import type { Ledger } from '../../support/ledger.ts';
import { createUser, joinOrganization, openTestSession } from '../../support/users.ts';
import type { Credential } from './credentials.ts';
import { allScopes } from './expected.ts';
import type { MakeRequest, Subject } from './subject.ts';

const own = ({ organization }: Subject, rest = '') => `/v1/organizations/${organization.organizationId}${rest}`;

/** An API key hands on no scope but its own. */
const newKey = ({ is }: Credential) => ({ name: 'CI', scopes: [is.kind === 'scope' ? is.scope : 'licenses:read'] });

const invitation = () => ({ email: `${randomUUID()}@vendor.example`, role: 'MEMBER' });

/** A member who may be changed and removed. */
const member = async (subject: Subject, role: Role = 'GUEST') => (await joined(subject, role)).userId;

const joined = async ({ ledger: { database, needs }, organization }: Subject, role: Role) => {
  const { userId } = await createUser(database.api);
  return {
    userId,
    position: await joinOrganization(needs, { organizationId: organization.organizationId, userId, role }),
  };
};

/** A member whom readers know. */
const projectedMember = async (subject: Subject) => {
  const { userId, position } = await joined(subject, 'GUEST');
  await subject.ledger.projected.waitFor(position, 10_000);
  return userId;
};

const apiKey = async ({ prepare }: Subject) =>
  (await prepare('POST', '/v1/api-keys', { name: 'CI', scopes: ['licenses:read'] })).apiKey?.id;

const project = async ({ prepare }: Subject) => (await prepare('POST', '/v1/projects', { name: 'Apollo' })).id;

/** Somebody in the same role in an organization that can be spared. */
const elsewhere = async (
  { createVendor, database, needs, accessTokens, projected }: Ledger,
  { is, person }: Credential,
) => {
  if (is.kind !== 'role' || person === null) throw new Error('Only a member closes an organization.');
  const { organizationId } = await createVendor('Spare');
  const joined = await joinOrganization(needs, { organizationId, userId: person.userId, role: is.role });
  await projected.waitFor(joined, 10_000);
  const { sessionId } = await openTestSession(database.api, person.userId, { now: new Date(), organizationId });
  const { token } = accessTokens.signAccessToken({ sub: person.userId, tid: organizationId, sid: sessionId });
  return { path: `/v1/organizations/${organizationId}`, authorization: `Bearer ${token}` };
};

/** Requests of and about organizations. */
export const organizationRequests: Readonly<Record<string, MakeRequest>> = {
  listOrganizations: () => ({ path: '/v1/organizations' }),
  createOrganization: () => ({ path: '/v1/organizations', body: { name: 'Another' } }),
  getOrganization: (subject) => ({ path: own(subject) }),
  changeOrganization: (subject) => ({ path: own(subject), body: { name: 'Vendor A', timeZone: 'UTC' } }),
  closeOrganization: (subject, caller) =>
    caller.is.kind === 'role' && caller.is.role === 'OWNER'
      ? elsewhere(subject.ledger, caller)
      : { path: own(subject) },
  listMembers: (subject) => ({ path: own(subject, '/members') }),
  getMember: async (subject) => ({ path: own(subject, `/members/${await projectedMember(subject)}`) }),
  inviteMember: (subject) => ({ path: own(subject, '/members'), body: invitation() }),
  changeMember: async (subject) => ({
    path: own(subject, `/members/${await member(subject)}`),
    body: { role: 'MEMBER' },
  }),
  'changeMember: a label': async (subject) => ({
    path: own(subject, `/members/${await member(subject)}`),
    body: { label: 'Ann (support)' },
  }),
  removeMember: async (subject) => ({ path: own(subject, `/members/${await member(subject)}`) }),
  'inviteMember: as OWNER': (subject) => ({
    path: own(subject, '/members'),
    body: { ...invitation(), role: 'OWNER' },
  }),
  'changeMember: to OWNER': async (subject) => ({
    path: own(subject, `/members/${await member(subject)}`),
    body: { role: 'OWNER' },
  }),
  'changeMember: an OWNER': async (subject) => ({
    path: own(subject, `/members/${await member(subject, 'OWNER')}`),
    body: { role: 'MEMBER' },
  }),
  'removeMember: an OWNER': async (subject) => ({ path: own(subject, `/members/${await member(subject, 'OWNER')}`) }),
  createInvitationToken: async (subject) => {
    const { invitation: open } = await subject.prepare('POST', own(subject, '/members'), invitation());
    return { path: own(subject, `/invitations/${open?.invitationId}/token`) };
  },
  withdrawInvitation: async (subject) => {
    const { invitation: made } = await subject.prepare('POST', own(subject, '/members'), invitation());
    return { path: own(subject, `/invitations/${made?.invitationId}`) };
  },
  listLicenseOffers: () => ({ path: '/v1/license-offers' }),
  acceptLicenseOffer: async ({ offered }) => ({ path: `/v1/license-offers/${(await offered()).licenseId}/accept` }),
  declineLicenseOffer: async ({ offered }) => ({ path: `/v1/license-offers/${(await offered()).licenseId}/decline` }),
  listIssuers: () => ({ path: '/v1/issuers' }),
  trustIssuer: async ({ offered }) => ({ path: `/v1/issuers/${(await offered()).issuerOrgId}/trust` }),
  blockIssuer: async ({ offered }) => ({ path: `/v1/issuers/${(await offered()).issuerOrgId}/block` }),
  forgetIssuer: async ({ offered }) => ({ path: `/v1/issuers/${(await offered()).issuerOrgId}` }),
  listApiKeys: () => ({ path: '/v1/api-keys' }),
  createApiKey: (_subject, caller) => ({ path: '/v1/api-keys', body: newKey(caller) }),
  'createApiKey: with every scope': () => ({ path: '/v1/api-keys', body: { name: 'CI', scopes: allScopes } }),
  'changeApiKey: to every scope': async (subject) => ({
    path: `/v1/api-keys/${await apiKey(subject)}`,
    body: { scopes: allScopes },
  }),
  getApiKey: async (subject) => ({ path: `/v1/api-keys/${await apiKey(subject)}` }),
  changeApiKey: async (subject, caller) => ({ path: `/v1/api-keys/${await apiKey(subject)}`, body: newKey(caller) }),
  rotateApiKey: async (subject) => ({ path: `/v1/api-keys/${await apiKey(subject)}/rotate`, body: {} }),
  endApiKeyOverlap: async (subject) => ({ path: `/v1/api-keys/${await apiKey(subject)}/previous-secret` }),
  revokeApiKey: async (subject) => ({ path: `/v1/api-keys/${await apiKey(subject)}` }),
  listProjects: () => ({ path: '/v1/projects' }),
  createProject: () => ({ path: '/v1/projects', body: { name: 'Apollo' } }),
  getProject: async (subject) => ({ path: `/v1/projects/${await project(subject)}` }),
  changeProject: async (subject) => ({ path: `/v1/projects/${await project(subject)}`, body: { name: 'Gemini' } }),
  archiveProject: async (subject) => ({ path: `/v1/projects/${await project(subject)}` }),
};
