import type { AnswerOf } from '@license-ledger/client';
import type { Standing } from '../../../domain/organization/organization-authority.ts';
import { useMay } from '../../session/may.ts';
import { useOrganization } from '../../session/own-organizations.ts';
import { usePages } from '../../session/paged-list.ts';

type Listed = AnswerOf<'listMembers'>['data'][number];

/** A member of an organization. */
export type Member = Extract<Listed, { state: 'active' }>;

/** An invitation that nobody has accepted yet. */
export type Invitation = Extract<Listed, { state: 'invited' }>;

/** Returns true for a member of the organization, and false for an invitation. */
export const isMember = (entry: Listed): entry is Member => entry.state === 'active';

/** Returns the entries that are invitations. */
export const isInvitation = (entry: Listed): entry is Invitation => entry.state === 'invited';

/** Returns the standing of the user, by which the domain decides about roles, scopes and keys. Null: not a member. */
export const useStanding = (): Standing | null => {
  const organization = useOrganization();
  return organization === null ? null : { kind: 'member', role: organization.role };
};

/** Returns the members that the user may see, as far as they were read. */
export const useMembers = (organizationId: string) =>
  usePages('listMembers', { params: { organizationId } }, useMay()('readMembers'));
