import type { CatalogEvent, PolicyVersion } from '../../src/domain/catalog/events.ts';
import { builtInDefaults, builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import { privateLog } from '../../src/domain/organization/organization.ts';
import { testId, testInstant } from './license-fixtures.ts';

/** What happens to an organization after its creation, one event of every type there is but for its end, in order. */
export const organizationLife = (name: string): readonly OrganizationEvent[] => {
  const [ada, bob] = [testId('usr', `ada of ${name}`), testId('usr', `bob of ${name}`)];
  const [forBob, forNobody] = [testId('inv', `bob of ${name}`), testId('inv', `nobody of ${name}`)];
  const [atlas, borg] = [testId('prj', `atlas of ${name}`), testId('prj', `borg of ${name}`)];
  const [apiKeyId, other] = [testId('key', name), testId('key', `another of ${name}`)];
  const emailRef = testId('ref', `e-mail of bob of ${name}`);
  const expiresAt = testInstant(7 * 86_400);
  return [
    { type: 'MemberJoined', data: { userId: ada, role: 'OWNER', invitationId: null } },
    { type: 'MemberInvited', data: { invitationId: forBob, emailRef, role: 'MEMBER', expiresAt } },
    { type: 'MemberInvited', data: { invitationId: forNobody, emailRef, role: 'GUEST', expiresAt } },
    { type: 'ProjectCreated', data: { projectId: atlas, name: 'Atlas', metadataRef: null } },
    { type: 'MemberJoined', data: { userId: bob, role: 'MEMBER', invitationId: forBob } },
    { type: 'InvitationWithdrawn', data: { invitationId: forNobody } },
    { type: 'MemberRoleChanged', data: { userId: bob, from: 'MEMBER', to: 'ADMIN' } },
    { type: 'ProjectCreated', data: { projectId: borg, name: 'Borg', metadataRef: testId('ref', 'borg') } },
    { type: 'OrganizationRenamed', data: { from: name, to: `${name} Ltd` } },
    { type: 'OrganizationTimeZoneChanged', data: { from: 'UTC', to: 'Europe/Vienna' } },
    { type: 'ProjectChanged', data: { projectId: borg, name: 'Borges', metadataRef: null } },
    { type: 'ProjectArchived', data: { projectId: atlas } },
    { type: 'ProjectArchived', data: { projectId: borg } },
    { type: 'MemberRemoved', data: { userId: bob, role: 'ADMIN' } },
    { type: 'ApiKeyCreated', data: { apiKeyId: other, name: 'other', scopes: ['events:read'], hint: 'h', expiresAt } },
    { type: 'ApiKeyRenamed', data: { apiKeyId, from: `${name} CI`, to: 'CI' } },
    { type: 'ApiKeyScopesChanged', data: { apiKeyId, from: ['licenses:read'], to: ['licenses:write'] } },
    { type: 'ApiKeyRevoked', data: { apiKeyId: other } },
    { type: 'ProjectRestored', data: { projectId: atlas } },
    // Bob comes back, without an invitation of his own.
    { type: 'MemberJoined', data: { userId: bob, role: 'GUEST', invitationId: null } },
    { type: 'ApiKeyProductsChanged', data: { apiKeyId, from: null, to: ['local_cli'] } },
    {
      type: 'ApiKeyRotated',
      data: {
        apiKeyId,
        secretRef: testId('ref', `secret of ${name}`),
        hint: 'lgr_live_new',
        previous: { hint: 'lgr_live_old', secretRef: null },
        overlapUntil: expiresAt,
        rotatedBy: ada,
      },
    },
    { type: 'LogAccessChanged', data: { from: privateLog, to: { logIsPublic: true, holdersGetProofs: true } } },
  ];
};

/** What happens to a catalog, from its opening on, one event of every type there is. */
export const catalogLife = (issuerOrgId: string): readonly CatalogEvent[] => {
  const [editor, ide] = [testId('prd', `editor of ${issuerOrgId}`), testId('prd', `ide of ${issuerOrgId}`)];
  const [pro, free] = [policyVersion(issuerOrgId, 'PRO'), policyVersion(issuerOrgId, 'FREE')];
  const description = 'Edits text.';
  const first = { product: 'local_cli', version: '1.9.0' };
  return [
    { type: 'CatalogOpened', data: { issuerOrgId } },
    { type: 'ProductCreated', data: { productId: editor, code: 'local_cli', name: 'Editor', description: null } },
    { type: 'ProductCreated', data: { productId: ide, code: 'cloud_ide', name: 'IDE', description } },
    { type: 'PolicyCreated', data: pro },
    { type: 'PolicyCreated', data: free },
    { type: 'ProductChanged', data: { productId: editor, name: 'Great Editor', description } },
    { type: 'PolicyVersionAdded', data: nextVersion(pro, 2) },
    { type: 'ProductArchived', data: { productId: ide } },
    { type: 'PolicyVersionAdded', data: nextVersion(pro, 3) },
    { type: 'PolicyVersionAdded', data: nextVersion(free, 2) },
    { type: 'PolicyArchived', data: { policyId: free.policy.policyId } },
    { type: 'ReleasePublished', data: { ...first, releasedAt: testInstant(-86_400), channel: 'stable' } },
    { type: 'ReleasePublished', data: { ...first, version: '2.0.0', releasedAt: testInstant(12), channel: 'stable' } },
    { type: 'ReleaseWithdrawn', data: first },
    { type: 'ReleasePublished', data: { ...first, releasedAt: testInstant(-172_800), channel: 'lts' } },
    { type: 'ReleaseWithdrawn', data: { ...first, version: '2.0.0' } },
  ];
};

const policyVersion = (issuerOrgId: string, tier: 'FREE' | 'PRO'): PolicyVersion => ({
  name: tier,
  policy: builtInPolicy(tier, testId('pol', `${tier} of ${issuerOrgId}`)),
  products: ['local_cli', 'cloud_ide'],
  term: { basis: 'ISSUE', duration: 'P1Y' },
  limits: builtInDefaults[tier].limits,
  entitlements: builtInDefaults[tier].entitlements,
});

const nextVersion = (before: PolicyVersion, version: number): PolicyVersion => ({
  ...before,
  name: `${before.name} ${version}`,
  policy: { ...before.policy, version },
});
