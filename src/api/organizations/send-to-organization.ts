import { decideInTurn, type Rejection } from '../../domain/decider.ts';
import type { OrganizationCommand, OrganizationRejection } from '../../domain/organization/commands.ts';
import { organizationDecider } from '../../domain/organization/decider.ts';
import type { CreatedOrganization, Organization } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import { organizationAggregate } from '../../eventstore/aggregate.ts';
import type { Executed } from '../../eventstore/execute.ts';
import type { Moment } from '../../eventstore/waiting.ts';
import type { PersonalValue } from '../../projections/tables/vault.ts';
import { actingOf, actorOf, principalOf } from '../caller.ts';
import { contextOf, executedOrProblem } from '../command-context.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { besideValues } from '../in-vault.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';
import type { OrganizationNeeds } from './needs.ts';

/** A command without who sends it and when: the caller, now. */
export type Wanted = OrganizationCommand extends infer Command
  ? Command extends OrganizationCommand
    ? Pick<Command, 'type' | 'data'>
    : never
  : never;

/** What is wanted of an organization by one request. */
export type Change<View> = {
  readonly at: Instant;
  /** The commands that the request comes to on the organization as it is, carried out together or not at all. */
  readonly wantedOf: (organization: Organization) => readonly Wanted[] | Rejection<OrganizationRejection>;
  /** Personal values that the commands refer to. */
  readonly values?: readonly PersonalValue[];
  /** What is taken of the organization right after. */
  readonly view: (organization: CreatedOrganization) => View;
};

/** Does what a request of an organization's credential asks for, once per Idempotency-Key. */
export const oncePerKey = (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  operation: string,
  input: object,
  work: (attempt: Attempt, at: Instant) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const request = { organizationId: caller.organizationId, principal: principalOf(caller), operation, input };
  return idempotently(needs, call, request, (attempt) => work(attempt, needs.now()));
};

/**
 * Sends commands to the caller's organization, in whose own stream it stands what the caller may do. Personal values are in
 * the vault before the events that refer to them, and out of it again when there are no such events.
 */
export const sendToOrganization = async <View>(
  { executor, pool }: OrganizationNeeds,
  call: OrganizationCall,
  attempt: Attempt,
  { at, wantedOf, values = [], view }: Change<View>,
): Promise<Executed<View> | Problem> => {
  const { caller } = call;
  const { organizationId } = caller;
  const by = actingOf(caller);
  const decide = (organization: Organization, moment: Moment) => {
    const wanted = wantedOf(organization);
    if ('rejected' in wanted) return wanted;
    const commands = wanted.map((each): OrganizationCommand => ({ ...each, at: moment.at, by }));
    return decideInTurn(organizationDecider, commands, organization, moment.eventIds);
  };
  const context = contextOf({ call, attempt, actor: actorOf(caller) }, at);
  const place = { issuerOrgId: organizationId, stream: organizationAggregate.stream(organizationId) };
  const sent = executedOrProblem(
    await besideValues(pool, attempt, place, values, () =>
      executor.execute(organizationAggregate, organizationId, decide, context, (organization) =>
        view(created(organization)),
      ),
    ),
  );
  return isProblem(sent) && sent.problem === 'ORGANIZATION_NOT_FOUND' ? noLongerMember : sent;
};

// An organization that has credentials exists. So the caller no longer belongs to it, and this process was about to learn that.
const noLongerMember: Problem = {
  ...problem(
    'UNAUTHENTICATED',
    'The credential no longer belongs to this organization. Sign in again, or use another API key.',
  ),
  headers: { 'WWW-Authenticate': 'Bearer' },
};

/** The organization that a command was accepted on. */
export const created = (organization: Organization): CreatedOrganization => {
  if (organization.kind === 'missing') throw new Error('A command was accepted on an organization that never was.');
  return organization;
};

/** A part of an organization that a command was accepted on, by its id. */
export const partOf = <Part>(parts: Pick<ReadonlyMap<string, Part>, 'get'>, id: string): Part => {
  const part = parts.get(id);
  if (part === undefined) throw new Error(`A command was accepted on ${id}, which its organization does not have.`);
  return part;
};
