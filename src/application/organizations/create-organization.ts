import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { CreatedOrganization } from '../../domain/organization/organization.ts';
import { fixedLimits } from '../../domain/organization/organization-limits.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import type { CommandContext } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import { contextOf, type Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
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
export type OrganizationProfile = Pick<
  CreatedOrganization,
  'organizationId' | 'name' | 'timeZone' | 'createdAt' | 'closedAt'
>;

/** Creates another organization with the user as its OWNER. Refuses users who belong to as many as a user may. */
export const createOrganization = async (
  needs: OrganizationCommandNeeds,
  request: UserRequest,
  organization: NewOrganization,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const organizationId = newOrganizationId(request.attempt.commandId);
  request.call.actsFor(organizationId);
  if (await hasMost(needs.pool, request.userId, organizationId)) return tooMany;
  return foundOrganization(needs, request, organization);
};

/** Creates an organization with the user as its OWNER, once per attempt. */
export const foundOrganization = (
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
  const organizationId = newOrganizationId(context.commandId);
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
  const { organizationId, name, timeZone, createdAt, closedAt } = organization;
  return { organizationId, name, timeZone, createdAt, closedAt };
};

const newOrganizationId = (commandId: string): string => encodeId('org', aggregateId(commandId, 'organization'));

const tooMany = reject(
  'QUOTA_EXCEEDED',
  `You already belong to ${fixedLimits.organizationsOfUser} open organizations. Close one, or let another user create this one.`,
);

/** Returns true when the user belongs to as many open organizations as a user may, not counting the new one. */
const hasMost = async (pool: Pool, userId: string, newId: string): Promise<boolean> => {
  const all = await organizationsOfUser(pool, userId);
  const open = all.filter(({ organizationId, closedAt }) => closedAt === null && organizationId !== newId);
  return open.length >= fixedLimits.organizationsOfUser;
};
