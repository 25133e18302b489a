import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { expectedOfLogs } from './expected-logs.ts';

/** Members in one of the roles, and API keys with exactly one of the scopes. */
export type Grant = { readonly roles: readonly Role[]; readonly scopes: readonly Scope[] };

/**
 * The rule for one operation. `strangers` is the answer to an OWNER of another organization: a code, or ALLOWED when the
 * request reaches only objects of that organization.
 */
export type Expected =
  | { readonly for: 'anybody' }
  /**
   * Every signed-in user, with or without an organization. `roles` and `others` are the answers to members of the
   * organization and to other users about objects that are not their own.
   */
  | { readonly for: 'user'; readonly roles?: Readonly<Partial<Record<Role, string>>>; readonly others?: string }
  /** A caller with the key of the license, and its issuer and its holder, which name it by its id. */
  | { readonly for: 'license'; readonly own: Grant; readonly held: Grant; readonly strangers: string }
  /**
   * `held` is undefined for an operation without a license. `keys: false` means that API keys may call the operation, but
   * not with this request. Otherwise a grant without scopes means that no API key may call it.
   */
  | {
      readonly for: 'organization';
      readonly own: Grant;
      readonly held?: Grant;
      readonly strangers: string;
      /** The answer to a request without a credential. Absent: UNAUTHENTICATED. */
      readonly nobody?: string;
      readonly keys?: false;
    };

const may = (roles: readonly Role[], ...scopes: readonly Scope[]): Grant => ({ roles, scopes });
const nobody = may([]);

/** Every role there is. */
export const allRoles = [
  'OWNER',
  'ADMIN',
  'MEMBER',
  'GUEST',
  'BILLING',
  'AUDITOR',
  'SUPPORT',
  'SALES',
  'DEVELOPER',
] as const satisfies Role[];

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
const readers = [
  'OWNER',
  'ADMIN',
  'MEMBER',
  'BILLING',
  'AUDITOR',
  'SUPPORT',
  'SALES',
  'DEVELOPER',
] as const satisfies Role[];
const issuerReads = may(readers, 'licenses:read');
const issuerReadsHistory = may(['OWNER', 'ADMIN', 'BILLING', 'AUDITOR', 'SUPPORT'], 'events:read');
const issuerChanges = may(['OWNER', 'ADMIN'], 'licenses:write');
const issuerSells = may(['OWNER', 'ADMIN', 'SALES'], 'licenses:write');
const issuerBills = may(['OWNER', 'ADMIN', 'BILLING'], 'licenses:write');
const issuerRenews = may(['OWNER', 'ADMIN', 'BILLING', 'SALES'], 'licenses:write');
const issuerSupports = may(['OWNER', 'ADMIN', 'SUPPORT'], 'licenses:write');
const issuerReleasesSeats = may(['OWNER', 'ADMIN', 'SUPPORT'], 'licenses:activate');
const issuerReadsCatalog = may(readers, 'licenses:read', 'catalog:write');
const issuerChangesCatalog = may(['OWNER', 'ADMIN', 'DEVELOPER'], 'catalog:write');
const holderReads = may(readers, 'licenses:read');
const holderManages = may(['OWNER', 'ADMIN'], 'licenses:activate');

const readsFeed = may(['OWNER', 'ADMIN', 'BILLING', 'AUDITOR'], 'events:read');

const everybody = may(allRoles, ...allScopes);
const changesProfile = may(['OWNER', 'ADMIN']);
const closes = may(['OWNER']);
const readsMembers = may(['OWNER', 'ADMIN', 'MEMBER', 'AUDITOR'], 'members:write');
const managesMembers = may(['OWNER', 'ADMIN'], 'members:write');
const readsKeys = may(['OWNER', 'ADMIN', 'MEMBER', 'AUDITOR', 'DEVELOPER'], 'members:write');
const managesKeys = may(['OWNER', 'ADMIN', 'DEVELOPER'], 'members:write');
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
const byKey = (strangers: string) =>
  ({
    for: 'license',
    own: holderManages,
    held: holderManages,
    strangers,
  }) as const satisfies Expected;
const anybody: Expected = { for: 'anybody' };
const user: Expected = { for: 'user' };
// A caller who does not manage the organization gets the answer for an unknown user about other members.
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
  requestPasswordReset: anybody,
  resetPassword: anybody,
  refresh: anybody,
  openBrowserSession: anybody,
  refreshBrowserSession: anybody,
  endBrowserSession: anybody,
  jwks: anybody,
  'acceptInvitation: with a password': anybody,
  me: user,
  logOut: user,
  switchOrganization: user,
  changePassword: user,
  confirmPassword: user,
  listSessions: user,
  endSession: user,
  'acceptInvitation: signed in': user,
  'endSession: of another': { for: 'user', others: 'NOT_FOUND' },
  'switchOrganization: to another’s': { for: 'user', others: 'ORGANIZATION_NOT_FOUND' },
  getUser: user,
  changeUser: user,
  deleteUser: user,
  'getUser: a member': ofMember('ALLOWED'),
  // Users alone change their names and end their logins.
  'changeUser: a member': ofMember('FORBIDDEN'),
  'deleteUser: a member': ofMember('FORBIDDEN'),

  listOrganizations: user,
  createOrganization: user,
  getOrganization: ofOrganization(everybody),
  changeOrganization: ofOrganization(changesProfile),
  closeOrganization: ofOrganization(closes),
  listMembers: ofOrganization(readsMembers),
  getMember: ofOrganization(readsMembers),
  // Each role has rights that a single scope does not have. tests/api/organizations/delegation.test.ts tries more scopes.
  inviteMember: { ...ofOrganization(changesProfile), keys: false },
  createInvitationToken: ofOrganization(changesProfile),
  withdrawInvitation: { ...ofOrganization(changesProfile), keys: false },
  changeMember: { ...ofOrganization(changesProfile), keys: false },
  'changeMember: a label': ofOrganization(managesMembers),
  removeMember: { ...ofOrganization(changesProfile), keys: false },
  // Nobody acts above the own role, and an API key hands on no scope that it has not.
  'inviteMember: as OWNER': ownersOnly,
  'removeMember: an OWNER': ownersOnly,
  'changeMember: to OWNER': ownersOnly,
  'changeMember: an OWNER': ownersOnly,
  'createApiKey: with every scope': { ...ownList(changesProfile), keys: false },
  'changeApiKey: to every scope': { ...ofPart(changesProfile), keys: false },
  listApiKeys: ownList(readsKeys),
  createApiKey: ownList(managesKeys),
  getApiKey: ofPart(readsKeys),
  changeApiKey: { ...ofPart(may(managesKeys.roles)), keys: false },
  rotateApiKey: { ...ofPart(may(managesKeys.roles)), keys: false },
  endApiKeyOverlap: { ...ofPart(may(managesKeys.roles)), keys: false },
  revokeApiKey: { ...ofPart(may(managesKeys.roles)), keys: false },
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
  releaseLease: { ...byKey('LICENSE_NOT_FOUND'), own: issuerReleasesSeats },
  recordUsage: byKey('LICENSE_NOT_FOUND'),
  licenseFeatures: byKey('LICENSE_NOT_FOUND'),

  // Of licenses that an organization holds, too, its own rights count.
  listEvents: ownList(readsFeed, readsFeed),
  streamEvents: ownList(readsFeed, readsFeed),
  getEvent: { for: 'organization', own: readsFeed, held: readsFeed, strangers: 'NOT_FOUND' },

  ...expectedOfLogs(readsFeed),

  listLicenseOffers: ownList(issuerReads),
  acceptLicenseOffer: ofPart(issuerChanges),
  declineLicenseOffer: ofPart(issuerChanges),
  listIssuers: ownList(issuerReads),
  trustIssuer: ownList(issuerChanges),
  blockIssuer: ownList(issuerChanges),
  forgetIssuer: ownList(issuerChanges),

  issueLicense: ownList(issuerSells),
  listLicenses: ownList(issuerReads, holderReads),
  searchLicenses: ownList(issuerReads, holderReads),
  getLicense: ofLicense(issuerReads, holderReads),
  listActivations: ofLicense(issuerReads, holderReads),
  listLeases: ofLicense(issuerReads, holderReads),
  licenseHistory: ofLicense(issuerReadsHistory, holderReads),
  explainLicense: ofLicense(issuerReadsHistory, holderReads),
  // To others there is no such license, as a validation says it.
  explainValidation: ownList(issuerReads, holderReads),
  licenseValidations: ofLicense(issuerReads, holderReads),
  listHolders: ownList(issuerReads, holderReads),
  organizationValidations: ownList(issuerReads, holderReads),
  listDenials: ofLicense(issuerReads, holderReads),
  readUsage: ofLicense(issuerReads, holderReads),
  resetUsage: ofLicense(issuerChanges, nobody),
  searchActivations: ownList(issuerReads, holderReads),
  'suspendLicense: for PAYMENT': ofLicense(issuerBills, nobody),
  'suspendLicense: for CUSTOMER_REQUEST': ofLicense(issuerSupports, nobody),
  'suspendLicense: for another reason': ofLicense(issuerChanges, nobody),
  'reinstateLicense: from PAYMENT': ofLicense(issuerBills, nobody),
  'reinstateLicense: from CUSTOMER_REQUEST': ofLicense(issuerSupports, nobody),
  'reinstateLicense: from another reason': ofLicense(issuerChanges, nobody),
  renewLicense: ofLicense(issuerRenews, nobody),
  revokeLicense: ofLicense(issuerChanges, nobody),
  importLicense: ownList(issuerChanges),
  changeLicense: ofLicense(issuerChanges, nobody),
  changeLicenseExpiry: ofLicense(issuerChanges, nobody),
  changeLicenseMaintenance: ofLicense(issuerChanges, nobody),
  setLicenseRenewal: ofLicense(issuerChanges, nobody),
  'cancelScheduledChange: suspension for PAYMENT': ofLicense(issuerBills, nobody),
  'cancelScheduledChange: suspension for CUSTOMER_REQUEST': ofLicense(issuerSupports, nobody),
  'cancelScheduledChange: suspension for another reason': ofLicense(issuerChanges, nobody),
  'cancelScheduledChange: of the tier': ofLicense(issuerSells, nobody),
  'cancelScheduledChange: of the renewal': ofLicense(issuerChanges, nobody),
  changeLicenseTier: ofLicense(issuerSells, nobody),
  changeLicensePolicy: ofLicense(issuerSells, nobody),
  convertTrial: ofLicense(issuerSells, nobody),
  changeLicenseLimits: ofLicense(issuerSells, nobody),
  changeLicenseProducts: ofLicense(issuerChanges, nobody),
  changeLicenseEntitlements: ofLicense(issuerChanges, nobody),
  transferLicense: ofLicense(issuerChanges, nobody),
  rotateLicenseKey: ofLicense(issuerSupports, holderManages),
  endKeyOverlap: ofLicense(issuerSupports, holderManages),
  changeActivation: ofLicense(issuerSupports, holderManages),
  releaseActivation: ofLicense(issuerSupports, holderManages),
  releaseLicenseLease: ofLicense(issuerReleasesSeats, holderManages),
  listLicenseUsers: ofLicense(issuerReads, holderReads),
  // The organization itself has no separate holder.
  assignLicenseUser: ofLicense(issuerChanges, holderManages),
  unassignLicenseUser: ofLicense(issuerChanges, holderManages),
  unassignLicenseUserByName: ofLicense(issuerChanges, holderManages),

  listProducts: ownList(issuerReadsCatalog),
  createProduct: ownList(issuerChangesCatalog),
  getProduct: ofCatalog(issuerReadsCatalog),
  changeProduct: ofCatalog(issuerChangesCatalog),
  archiveProduct: ofCatalog(issuerChangesCatalog),
  listReleases: ofCatalog(issuerReadsCatalog),
  publishRelease: ofCatalog(issuerChangesCatalog),
  getRelease: ofCatalog(issuerReadsCatalog),
  withdrawRelease: ofCatalog(issuerChangesCatalog),
  listPolicies: ownList(issuerReadsCatalog),
  createPolicy: ownList(issuerChangesCatalog),
  getPolicy: ofCatalog(issuerReadsCatalog),
  changePolicy: ofCatalog(issuerChangesCatalog),
  archivePolicy: ofCatalog(issuerChangesCatalog),
};
