import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { LogAccess } from '../../domain/organization/events.ts';
import type { CreatedOrganization } from '../../domain/organization/organization.ts';
import { fixedLimits } from '../../domain/organization/organization-limits.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import type { CommandContext } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { takePlace } from '../../identity/organization-places.ts';
import { type OrganizationOfUser, organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import { contextOf, type Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type FreeOrganizationNeeds, takeFreePlace } from './free-organizations.ts';
import { type ChangedOrganization, created, type OrganizationCommandNeeds } from './send-to-organization.ts';

/** A request of a user. `actsFor` notes the organization for the log line of the request. */
export type UserRequest = {
  readonly call: Traced & { readonly actsFor: (organizationId: string) => void };
  readonly attempt: Attempt;
  readonly userId: string;
};

/** A new organization. Without `timeZone` it has UTC. */
export type NewOrganization = { readonly name: string; readonly timeZone?: string | undefined };

/** The profile of an organization right after a command. */
export type OrganizationProfile = LogAccess &
  Pick<CreatedOrganization, 'organizationId' | 'name' | 'timeZone' | 'createdAt' | 'closedAt'>;

/**
 * Creates another organization with the user as its OWNER. Refuses users who belong to as many as a user may, or have
 * created as many in tier FREE.
 */
export const createOrganization = async (
  needs: FreeOrganizationNeeds,
  request: UserRequest,
  organization: NewOrganization,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const { userId } = request;
  const organizationId = organizationIdOf(request.attempt.commandId);
  request.call.actsFor(organizationId);
  const memberships = await organizationsOfUser(needs.pool, userId);
  if (hasMost(memberships, organizationId)) return tooMany;
  if (!(await takeFreePlace(needs, { userId, organizationId, memberships }))) return tooManyFree;
  return foundOrganization(needs, request, organization);
};

/**
 * Creates the first organization of a new user, who becomes its OWNER. It counts for the next organization that the
 * user creates.
 */
export const createFirstOrganization = async (
  needs: OrganizationCommandNeeds,
  request: Omit<UserRequest, 'call'> & { readonly call: Traced },
  organization: NewOrganization,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const organizationId = organizationIdOf(request.attempt.commandId);
  const place = { organizationId, takenAt: new Date(needs.now()), ended: [], others: 0, max: 1 };
  if (!(await takePlace(needs.pool, request.userId, place))) return tooManyFree;
  return foundOrganization(needs, request, organization);
};

/** Creates an organization with the user as its OWNER, once per attempt. */
const foundOrganization = (
  { executor, now }: OrganizationCommandNeeds,
  { call, attempt, userId: founderId }: Omit<UserRequest, 'call'> & { readonly call: Traced },
  organization: NewOrganization,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const context = contextOf({ call, attempt, actor: { type: 'USER', id: founderId, onBehalfOf: null } }, now());
  return appendOrganization(executor, { ...organization, founderId }, context);
};

/** Appends the creation of an organization. Its id follows from the command id. Without a founder it has no member. */
export const appendOrganization = async (
  executor: Executor,
  { name, timeZone, founderId }: NewOrganization & { readonly founderId: string | null },
  context: CommandContext,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const organizationId = organizationIdOf(context.commandId);
  const executed: Executed<OrganizationProfile> | Refusal = await executor.execute(
    organizationAggregate,
    organizationId,
    toDecide(organizationAggregate, {
      type: 'CreateOrganization',
      at: context.at,
      by: founderId === null ? { type: 'SYSTEM' } : { type: 'USER', userId: founderId },
      data: { organizationId, name, founderId, ...(timeZone === undefined ? {} : { timeZone }) },
    }),
    { context, view: (organization) => profileOf(created(organization)) },
  );
  if (isRefusal(executed)) return executed;
  return { view: executed.view, revision: executed.revision, position: executed.position.commit, withdrawnRefs: [] };
};

/** Returns the profile of an organization. */
export const profileOf = (organization: CreatedOrganization): OrganizationProfile => {
  const { organizationId, name, timeZone, createdAt, closedAt, logAccess } = organization;
  return { organizationId, name, timeZone, createdAt, closedAt, ...logAccess };
};

/** Returns the id of the organization that a command creates. */
export const organizationIdOf = (commandId: string): string => encodeId('org', aggregateId(commandId, 'organization'));

const tooMany = reject(
  'QUOTA_EXCEEDED',
  `You already belong to ${fixedLimits.organizationsOfUser} open organizations. Close one, or let another user create this one.`,
);

const tooManyFree = reject(
  'QUOTA_EXCEEDED',
  `You have created ${fixedLimits.freeOrganizationsOfUser} open organizations in tier FREE. Close one, or get a license of another tier for one.`,
);

/** Returns true when the user belongs to as many open organizations as a user may, not counting the new one. */
const hasMost = (memberships: readonly OrganizationOfUser[], newId: string): boolean => {
  const open = memberships.filter(({ organizationId, closedAt }) => closedAt === null && organizationId !== newId);
  return open.length >= fixedLimits.organizationsOfUser;
};
