import type { Project } from '../../domain/organization/organization.ts';
import { organizationLimits } from '../../domain/organization/organization-limits.ts';
import type { Instant } from '../../domain/time.ts';
import type { PersonalValue } from '../../records/vault.ts';
import { referenceOf } from '../personal-values.ts';
import type { InviteNeeds } from './invite-member.ts';
import type { ChangedOrganization, OrganizationRequest } from './send-to-organization.ts';

export type ProjectNeeds = InviteNeeds;

/** The metadata of a project. */
export type ProjectMetadata = Readonly<Record<string, unknown>>;

/** A project right after a change, with its metadata. */
export type ChangedProject = ChangedOrganization<Project> & {
  readonly projectId: string;
  readonly metadata: object | null;
};

/** Returns the limits that the license of the caller's organization sets. */
export const limitsOf = async (needs: ProjectNeeds, { caller }: OrganizationRequest, at: Instant) => {
  const license = await needs.platformLicense(caller.organizationId);
  return organizationLimits(license?.entitlements ?? [], at);
};

/** Returns metadata as the vault stores it, or null for empty metadata. */
export const metadataValue = (
  { caller, attempt }: OrganizationRequest,
  subject: string,
  metadata: ProjectMetadata,
): PersonalValue | null =>
  Object.keys(metadata).length === 0
    ? null
    : {
        ref: referenceOf(attempt, 'metadata'),
        issuerOrgId: caller.organizationId,
        holderOrgId: null,
        kind: 'PROJECT_METADATA',
        subject,
        value: JSON.stringify(metadata),
      };
