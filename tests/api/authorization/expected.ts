import type { Role, Scope } from '../../../src/domain/organization/events.ts';

/** Members in one of the roles, and API keys that have one of the scopes and no other; nobody else of the organization. */
export type Grant = { readonly roles: readonly Role[]; readonly scopes: readonly Scope[] };

/**
 * Who may do a thing. `strangers`: how another organization's OWNER is answered, who may do everything at home: a code, or
 * ALLOWED where the request reaches nothing but what is their own.
 */
export type Expected =
  | { readonly for: 'anybody' }
  /**
   * Whoever is signed in, of whichever organization or of none. `roles` and `others`: what those who are in the organization
   * in question, and the rest, are answered about what is not their own.
   */
  | { readonly for: 'user'; readonly roles?: Readonly<Partial<Record<Role, string>>>; readonly others?: string }
  /** Whoever has the license's key, and the organizations of its issuer and of its holder, which name it by its id. */
  | { readonly for: 'license'; readonly own: Grant; readonly held: Grant; readonly strangers: string }
  /**
   * `held` undefined: it is not about a license, so nobody is on that side. `keys` false: API keys may do the thing, though
   * not with this request; else no scope at all means that no API key ever may.
   */
  | {
      readonly for: 'organization';
      readonly own: Grant;
      readonly held?: Grant;
      readonly strangers: string;
      readonly keys?: false;
    };

const may = (roles: readonly Role[], ...scopes: readonly Scope[]): Grant => ({ roles, scopes });
const nobody = may([]);

/** Every role there is. */
export const allRoles = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR'] as const satisfies Role[];

/** Every scope there is. */
export const allScopes = [
  'licenses:read',
  'licenses:write',
  'licenses:activate',
  'catalog:write',
  'events:read',
  'webhooks:write',
  'members:write',
  'projects:write',
] satisfies Scope[];

// The rows of the product's table of who may do what; written here a second time, so that a slip in one shows.
const issuerReads = may(['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR'], 'licenses:read');
const issuerReadsHistory = may(['OWNER', 'ADMIN', 'BILLING', 'AUDITOR'], 'events:read');
const issuerChanges = may(['OWNER', 'ADMIN'], 'licenses:write');
const issuerBills = may(['OWNER', 'ADMIN', 'BILLING'], 'licenses:write');
const issuerReadsCatalog = may(['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR'], 'licenses:read', 'catalog:write');
const issuerChangesCatalog = may(['OWNER', 'ADMIN'], 'catalog:write');
const holderReads = may(['OWNER', 'ADMIN', 'MEMBER', 'BILLING', 'AUDITOR'], 'licenses:read');
const holderManages = may(['OWNER', 'ADMIN'], 'licenses:activate');

const readsFeed = may(['OWNER', 'ADMIN', 'BILLING', 'AUDITOR'], 'events:read');

const everybody = may(['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'BILLING', 'AUDITOR']);
const changesProfile = may(['OWNER', 'ADMIN']);
const closes = may(['OWNER']);
const readsMembers = may(['OWNER', 'ADMIN', 'MEMBER', 'AUDITOR'], 'members:write');
const managesMembers = may(['OWNER', 'ADMIN'], 'members:write');
const readsProjects = may(['OWNER', 'ADMIN', 'MEMBER', 'GUEST', 'AUDITOR'], 'projects:write');
const changesProjects = may(['OWNER', 'ADMIN', 'MEMBER'], 'projects:write');

const ofOrganization = (own: Grant) =>
  ({ for: 'organization', own, strangers: 'ORGANIZATION_NOT_FOUND' }) as const satisfies Expected;
const ownersOnly: Expected = { ...ofOrganization(closes), keys: false };
const ofPart = (own: Grant) => ({ for: 'organization', own, strangers: 'NOT_FOUND' }) as const satisfies Expected;
const ofLicense = (own: Grant, held: Grant): Expected => ({
  for: 'organization',
  own,
  held,
  strangers: 'LICENSE_NOT_FOUND',
});
const ownList = (own: Grant, held?: Grant) =>
  ({
    for: 'organization',
    own,
    strangers: 'ALLOWED',
    ...(held === undefined ? {} : { held }),
  }) as const satisfies Expected;
const ofCatalog = (own: Grant): Expected => ({ for: 'organization', own, strangers: 'NOT_FOUND' });
const byKey = (strangers: string): Expected => ({
  for: 'license',
  own: holderManages,
  held: holderManages,
  strangers,
});
const anybody: Expected = { for: 'anybody' };
const user: Expected = { for: 'user' };
// Of a member that is not oneself: whoever does not manage the organization is answered as if there were none.
const ofMember = (managers: string): Expected => ({
  for: 'user',
  roles: { OWNER: managers, ADMIN: managers },
  others: 'NOT_FOUND',
});

/** By operation, and after a colon what is special about the request where it matters who asks. */
export const expected: Readonly<Record<string, Expected>> = {
  live: anybody,
  ready: anybody,
  version: anybody,

  signUp: anybody,
  logIn: anybody,
  refresh: anybody,
  jwks: anybody,
  'acceptInvitation: with a password': anybody,
  me: user,
  logOut: user,
  switchOrganization: user,
  changePassword: user,
  listSessions: user,
  endSession: user,
  'acceptInvitation: signed in': user,
  'endSession: of another': { for: 'user', others: 'NOT_FOUND' },
  'switchOrganization: to another’s': { for: 'user', others: 'ORGANIZATION_NOT_FOUND' },
  getUser: user,
  changeUser: user,
  deleteUser: user,
  'getUser: a member': ofMember('ALLOWED'),
  'changeUser: a member': ofMember('ALLOWED'),
  // Users alone end their logins.
  'deleteUser: a member': ofMember('FORBIDDEN'),

  listOrganizations: user,
  createOrganization: user,
  getOrganization: ofOrganization(everybody),
  changeOrganization: ofOrganization(changesProfile),
  closeOrganization: ofOrganization(closes),
  listMembers: ofOrganization(readsMembers),
  inviteMember: ofOrganization(managesMembers),
  withdrawInvitation: ofOrganization(managesMembers),
  changeMember: ofOrganization(managesMembers),
  removeMember: ofOrganization(managesMembers),
  // Nobody acts above the own role, and an API key hands on no scope that it has not.
  'inviteMember: as OWNER': ownersOnly,
  'removeMember: an OWNER': ownersOnly,
  'changeMember: to OWNER': ownersOnly,
  'changeMember: an OWNER': ownersOnly,
  'createApiKey: with every scope': { ...ownList(changesProfile), keys: false },
  'changeApiKey: to every scope': { ...ofPart(changesProfile), keys: false },
  listApiKeys: ownList(readsMembers),
  createApiKey: ownList(managesMembers),
  getApiKey: ofPart(readsMembers),
  changeApiKey: ofPart(managesMembers),
  revokeApiKey: ofPart(managesMembers),
  listProjects: ownList(readsProjects),
  createProject: ownList(changesProjects),
  getProject: ofPart(readsProjects),
  changeProject: ofPart(changesProjects),
  archiveProject: ofPart(changesProjects),

  // An unknown license is an answer there.
  validateLicense: byKey('ALLOWED'),
  activateLicense: byKey('LICENSE_NOT_FOUND'),
  deactivateLicense: byKey('LICENSE_NOT_FOUND'),
  swapActivation: byKey('LICENSE_NOT_FOUND'),
  acquireLease: byKey('LICENSE_NOT_FOUND'),
  renewLease: byKey('LICENSE_NOT_FOUND'),
  releaseLease: byKey('LICENSE_NOT_FOUND'),
  recordUsage: byKey('LICENSE_NOT_FOUND'),
  licenseFeatures: byKey('LICENSE_NOT_FOUND'),

  // Of licenses that an organization holds, too, its own rights count.
  listEvents: ownList(readsFeed, readsFeed),
  streamEvents: ownList(readsFeed, readsFeed),
  getEvent: { for: 'organization', own: readsFeed, held: readsFeed, strangers: 'NOT_FOUND' },

  issueLicense: ownList(issuerChanges),
  listLicenses: ownList(issuerReads, holderReads),
  getLicense: ofLicense(issuerReads, holderReads),
  listActivations: ofLicense(issuerReads, holderReads),
  licenseHistory: ofLicense(issuerReadsHistory, holderReads),
  'suspendLicense: for PAYMENT': ofLicense(issuerBills, nobody),
  'suspendLicense: for another reason': ofLicense(issuerChanges, nobody),
  'reinstateLicense: from PAYMENT': ofLicense(issuerBills, nobody),
  'reinstateLicense: from another reason': ofLicense(issuerChanges, nobody),
  renewLicense: ofLicense(issuerBills, nobody),
  revokeLicense: ofLicense(issuerChanges, nobody),
  importLicense: ownList(issuerChanges),
  changeLicense: ofLicense(issuerChanges, nobody),
  changeLicenseExpiry: ofLicense(issuerChanges, nobody),
  setLicenseRenewal: ofLicense(issuerChanges, nobody),
  'cancelScheduledChange: suspension for PAYMENT': ofLicense(issuerBills, nobody),
  'cancelScheduledChange: suspension for another reason': ofLicense(issuerChanges, nobody),
  'cancelScheduledChange: of the tier': ofLicense(issuerChanges, nobody),
  changeLicenseTier: ofLicense(issuerChanges, nobody),
  changeLicensePolicy: ofLicense(issuerChanges, nobody),
  convertTrial: ofLicense(issuerChanges, nobody),
  changeLicenseLimits: ofLicense(issuerChanges, nobody),
  changeLicenseProducts: ofLicense(issuerChanges, nobody),
  changeLicenseEntitlements: ofLicense(issuerChanges, nobody),
  transferLicense: ofLicense(issuerChanges, nobody),
  rotateLicenseKey: ofLicense(issuerChanges, holderManages),
  releaseActivation: ofLicense(issuerChanges, holderManages),
  listLicenseUsers: ofLicense(issuerReads, holderReads),
  // On its own side the organization has no holder beside it.
  assignLicenseUser: ofLicense(issuerChanges, holderManages),
  unassignLicenseUser: ofLicense(issuerChanges, holderManages),

  listProducts: ownList(issuerReadsCatalog),
  createProduct: ownList(issuerChangesCatalog),
  getProduct: ofCatalog(issuerReadsCatalog),
  changeProduct: ofCatalog(issuerChangesCatalog),
  archiveProduct: ofCatalog(issuerChangesCatalog),
  listPolicies: ownList(issuerReadsCatalog),
  createPolicy: ownList(issuerChangesCatalog),
  getPolicy: ofCatalog(issuerReadsCatalog),
  changePolicy: ofCatalog(issuerChangesCatalog),
  archivePolicy: ofCatalog(issuerChangesCatalog),
};
