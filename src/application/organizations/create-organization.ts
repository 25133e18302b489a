import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { CreatedOrganization } from '../../domain/organization/organization.ts';
import type { Executed } from '../../eventstore/executor/execute.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { fixedLimits } from '../../domain/organization/organization-limits.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { organizationsOfUser } from '../../projections/queries/organizations-of-user.ts';
import type { Attempt } from '../attempt.ts';
import { contextOf, type Traced } from '../command-context.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedOrganization, created, type OrganizationCommandNeeds } from './send-to-organization.ts';

/** A request of a user. `actsFor` notes for the log line on whose rows the request works. */
export type UserRequest = {
  readonly call: Traced & { readonly actsFor: (organizationId: string) => void };
  readonly attempt: Attempt;
  readonly userId: string;
};

/** A new organization. `timeZone` absent: UTC. */
export type NewOrganization = { readonly name: string; readonly timeZone?: string | undefined };

/** The profile of an organization right after a command. */
export type OrganizationProfile = Pick<
  CreatedOrganization,
  'organizationId' | 'name' | 'timeZone' | 'createdAt' | 'closedAt'
>;

/** Opens another organization with the user as its OWNER. Refuses users who belong to as many as one may. */
export const createOrganization = async (
  needs: OrganizationCommandNeeds,
  request: UserRequest,
  organization: NewOrganization,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const organizationId = newOrganizationId(request.attempt);
  request.call.actsFor(organizationId);
  if (await hasMost(needs.pool, request.userId, organizationId)) return tooMany;
  return foundOrganization(needs, request, organization);
};

/** Opens an organization with the user as its OWNER, once for an attempt. */
export const foundOrganization = async (
  { executor, now }: OrganizationCommandNeeds,
  { call, attempt, userId: founderId }: Omit<UserRequest, 'call'> & { readonly call: Traced },
  { name, timeZone }: NewOrganization,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const organizationId = newOrganizationId(attempt);
  const data = { organizationId, name, founderId, ...(timeZone === undefined ? {} : { timeZone }) };
  const at = now();
  const by = { type: 'USER', userId: founderId } as const;
  const founded: Executed<OrganizationProfile> | Refusal = await executor.execute(
    organizationAggregate,
    organizationId,
    toDecide(organizationAggregate, { type: 'CreateOrganization', at, by, data }),
    contextOf({ call, attempt, actor: { type: 'USER', id: founderId, onBehalfOf: null } }, at),
    (organization) => profileOf(created(organization)),
  );
  if (isRefusal(founded)) return founded;
  return { view: founded.view, revision: founded.revision, position: founded.position.commit };
};

/** Copies the profile of an organization. */
export const profileOf = (organization: CreatedOrganization): OrganizationProfile => {
  const { organizationId, name, timeZone, createdAt, closedAt } = organization;
  return { organizationId, name, timeZone, createdAt, closedAt };
};

const newOrganizationId = ({ commandId }: Attempt): string => encodeId('org', aggregateId(commandId, 'organization'));

const tooMany = reject(
  'QUOTA_EXCEEDED',
  `You belong to ${fixedLimits.organizationsOfUser} open organizations already. Close one, or have another user open this one.`,
);

/** Returns true when the user has as many open organizations as one may, besides the one that is to be opened. */
const hasMost = async (pool: Pool, userId: string, toOpen: string): Promise<boolean> => {
  const all = await organizationsOfUser(pool, userId);
  const open = all.filter(({ organizationId, closedAt }) => closedAt === null && organizationId !== toOpen);
  return open.length >= fixedLimits.organizationsOfUser;
};
