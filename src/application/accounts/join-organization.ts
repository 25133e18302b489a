import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { organizationLimits } from '../../domain/organization/organization-limits.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { contextOf } from '../command-context.ts';
import type { PlatformLicenseOf } from '../organizations/platform-license.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type InvitationPlace, noInvitation } from './find-invitation.ts';
import { type MemberOf, membershipIn } from './open-session.ts';
import type { OpenRequest } from './sign-up.ts';

export type JoinNeeds = {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly now: () => Instant;
  readonly platformLicense: PlatformLicenseOf;
};

/** A user who has joined an organization. `isRepeated` is true when the same attempt had made them a member before. */
export type Joined = {
  readonly organization: MemberOf;
  readonly position: bigint;
  readonly isRepeated: boolean;
};

/** Makes a user a member of an organization by an invitation. */
export const joinOrganization = async (
  needs: JoinNeeds,
  { call, attempt }: OpenRequest,
  { organizationId, invitationId }: InvitationPlace,
  userId: string,
): Promise<Joined | Refusal> => {
  const at = needs.now();
  const license = await needs.platformLicense(organizationId);
  const limits = organizationLimits(license?.entitlements ?? [], at);
  call.actsFor(organizationId);
  const joined: Executed<null> | Refusal = await needs.executor.execute(
    organizationAggregate,
    organizationId,
    toDecide(organizationAggregate, {
      type: 'AcceptInvitation',
      at,
      by: { type: 'USER', userId },
      data: { invitationId, userId, limits },
    }),
    {
      context: contextOf({ call, attempt, actor: { type: 'USER', id: userId, onBehalfOf: null } }, at),
      view: () => null,
    },
  );
  if (isRefusal(joined)) return joined.rejected === 'ORGANIZATION_NOT_FOUND' ? noInvitation : joined;
  const organization = await membershipIn(needs.executor, organizationId, userId);
  if (organization === null) return noInvitation;
  return { organization, position: joined.position.commit, isRepeated: joined.outcome === 'repeated' };
};
