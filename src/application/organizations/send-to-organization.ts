import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { decideInTurn, type Rejection, reject } from '../../domain/decider.ts';
import type { OrganizationCommand, OrganizationRejection } from '../../domain/organization/commands.ts';
import { organizationDecider } from '../../domain/organization/decider.ts';
import type { CreatedOrganization, Organization } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import type { Moment } from '../../eventstore/executor/waiting.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseValues, type PersonalValue } from '../../records/vault.ts';
import { actingOf, actorOf, type Caller } from '../caller.ts';
import { contextOf, type Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { withPersonalValues } from '../personal-values.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** The needs of every operation on an organization. */
export type OrganizationCommandNeeds = {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly now: () => Instant;
};

/** A request of an organization's credential about the organization. */
export type OrganizationRequest = {
  readonly call: Traced & {
    /** Does `work` as soon as the read models contain this position of the log. The result does not wait for it. */
    readonly onceReadable: (position: bigint, work: () => unknown) => void;
  };
  readonly attempt: Attempt;
  readonly caller: Caller;
};

/** A command without its sender and instant, which are the caller and now. */
export type Unsent = OrganizationCommand extends infer Command
  ? Command extends OrganizationCommand
    ? Pick<Command, 'type' | 'data'>
    : never
  : never;

/** A change of an organization by one request. */
export type Change<View> = {
  readonly at: Instant;
  /** Returns the commands of the request for the current state. They are carried out together or not at all. */
  readonly commandsOn: (organization: Organization) => readonly Unsent[] | Rejection<OrganizationRejection>;
  /** Personal values that the commands refer to. */
  readonly values?: readonly PersonalValue[];
  /** True for commands about members, invitations and API keys, which may withdraw invitations. */
  readonly aboutAccess?: boolean;
  /** Returns what the result needs from the organization after the commands. */
  readonly view: (organization: CreatedOrganization) => View;
};

/** The result of an accepted change. */
export type ChangedOrganization<View> = {
  readonly view: View;
  readonly revision: bigint;
  readonly position: bigint;
  /** References to the addresses of withdrawn invitations, for `eraseAddresses`. */
  readonly withdrawnRefs: readonly string[];
};

/**
 * Sends commands to the caller's organization. Its stream decides what the caller may do. Personal values are in the
 * vault before the events that refer to them, and are removed when there are no such events.
 */
export const sendToOrganization = async <View>(
  { executor, pool }: Pick<OrganizationCommandNeeds, 'executor' | 'pool'>,
  { call, attempt, caller }: OrganizationRequest,
  { at, commandsOn, values = [], aboutAccess = false, view }: Change<View>,
): Promise<ChangedOrganization<View> | Refusal> => {
  const { organizationId } = caller;
  const by = actingOf(caller);
  const decide = (organization: Organization, moment: Moment) => {
    const unsent = commandsOn(organization);
    if ('rejected' in unsent) return unsent;
    const commands = unsent.map((command): OrganizationCommand => ({ ...command, at: moment.at, by }));
    return decideInTurn(organizationDecider, commands, organization, moment.eventIds);
  };
  const context = contextOf({ call, attempt, actor: actorOf(caller) }, at);
  const place = { issuerOrgId: organizationId, stream: organizationAggregate.stream(organizationId), values };
  type Seen = { readonly view: View; readonly withdrawnRefs: readonly string[] };
  const sent: Executed<Seen> | Refusal = await withPersonalValues(pool, attempt, place, () =>
    executor.execute(organizationAggregate, organizationId, decide, {
      context,
      view: (organization) => ({
        view: view(created(organization)),
        withdrawnRefs: aboutAccess ? withdrawnRefsIn(created(organization)) : [],
      }),
    }),
  );
  if (isRefusal(sent)) return sent.rejected === 'ORGANIZATION_NOT_FOUND' ? noLongerMember : sent;
  return { ...sent.view, revision: sent.revision, position: sent.position.commit };
};

/**
 * Erases the addresses of withdrawn invitations, also those that an earlier attempt did not get to. Call it last: until
 * then the change must apply everywhere.
 */
export const eraseAddresses = async (
  pool: Pool,
  organizationId: string,
  { withdrawnRefs }: Pick<ChangedOrganization<unknown>, 'withdrawnRefs'>,
): Promise<void> => {
  if (withdrawnRefs.length === 0) return;
  await asTenant(pool, organizationId, (db) => eraseValues(db, organizationId, withdrawnRefs), { readOnly: false });
};

const withdrawnRefsIn = ({ invitations }: CreatedOrganization): readonly string[] =>
  [...invitations.values()].flatMap(({ state, emailRef }) => (state === 'withdrawn' ? [emailRef] : []));

// An organization with credentials exists. So the caller no longer belongs to it, and this process has not noticed yet.
const noLongerMember = reject(
  'UNAUTHENTICATED',
  'The credential no longer belongs to this organization. Sign in again, or use another API key.',
);

/** Returns the organization that a command was accepted on. */
export const created = (organization: Organization): CreatedOrganization => {
  if (organization.kind === 'missing') throw new Error('A command was accepted on an organization that never was.');
  return organization;
};

/** Returns a part of an organization that a command was accepted on, by its id. */
export const partOf = <Part>(parts: Pick<ReadonlyMap<string, Part>, 'get'>, id: string): Part => {
  const part = parts.get(id);
  if (part === undefined) throw new Error(`A command was accepted on ${id}, which its organization does not have.`);
  return part;
};
