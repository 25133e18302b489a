import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { LicenseCommand, LicenseDecision } from '../../domain/license/commands.ts';
import { decideAll } from '../../domain/license/decide-all.ts';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { LicenseEvent } from '../../domain/license/events.ts';
import type { IssuedLicense, License, LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { type Aggregate, licenseAggregate } from '../../eventstore/aggregate.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executed, Executor } from '../../eventstore/execute.ts';
import type { PersonalValue } from '../../projections/tables/vault.ts';
import type { Attempt } from '../idempotency.ts';
import { besideValues, referenceOf } from '../in-vault.ts';
import type { Side } from '../permissions.ts';
import { isProblem, type Problem, type ProblemCode, refused } from '../problems.ts';
import type { Call } from '../route.ts';
import { noSuchLicense } from './no-such-license.ts';

export type CommandNeeds = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/** A command on its way to a license's stream, with everything that a person wrote in it. */
export type LicenseSending = {
  readonly call: Call;
  readonly attempt: Attempt;
  readonly actor: Actor;
  /** Who sends it: an organization, and what it is refused on the side on which it stands; or whoever has the key. */
  readonly sender: Sender;
  readonly issuerOrgId: string;
  readonly licenseId: string;
  readonly reason: { readonly code: string; readonly text?: string | undefined } | null;
  /** Personal values that the command refers to, beside the reason's text. */
  readonly values: readonly PersonalValue[];
  readonly command: LicenseCommand | ComposedCommand;
};

/**
 * Commands that are made of the license as its stream has it when they are decided, so that what others change at the same
 * time is not lost. All of them are carried out, in one append, or none; no command changes nothing. A problem refuses the
 * sender, unless the stream has accepted this very command before.
 */
export type ComposedCommand = {
  readonly at: Instant;
  readonly compose: (license: IssuedLicense) => readonly LicenseCommand[] | Problem;
};

/** Refuses a sender by what the license is like. */
export type Guard = (license: IssuedLicense) => Problem | null;

/** The sender of a command. */
export type Sender =
  | 'key holder'
  | {
      readonly organizationId: string;
      readonly refusalOn: (side: Side) => Problem | null;
      readonly guard?: Guard;
    };

/**
 * Sends a command to a license that the sender issues or holds; to any other organization it is as if there were none.
 * Personal values are in the vault before the event that refers to them, and out of it again when there is no such event.
 */
export const sendLicenseCommand = async <View>(
  { executor, pool }: CommandNeeds,
  sending: LicenseSending,
  view: (license: License) => View,
): Promise<Executed<View> | Problem> => {
  const { call, attempt, actor, sender, issuerOrgId, licenseId, reason, command } = sending;
  const textRef = reason?.text === undefined ? null : referenceOf(attempt, 'reason');
  const values = [...sending.values];
  if (textRef !== null && reason?.text !== undefined) {
    // What a holder writes its issuer reads, and it itself.
    const holderOrgId = sender === 'key holder' || sender.organizationId === issuerOrgId ? null : sender.organizationId;
    const about = { issuerOrgId, holderOrgId, kind: 'REASON_TEXT', subject: licenseId } as const;
    values.push({ ...about, ref: textRef, value: reason.text });
  }
  const context = {
    commandId: attempt.commandId,
    requestHash: attempt.requestHash,
    actor,
    reason: reason === null ? null : { code: reason.code, text: textRef },
    correlationId: call.correlationId,
    causationId: call.requestId,
    expectedRevision: call.expectedRevision,
  };
  const { aggregate, refusal } = licenseOf(sender, command);
  const executed = await besideValues(pool, issuerOrgId, values, () =>
    executor.execute(aggregate, licenseId, { at: command.at }, context, view),
  );
  return 'rejected' in executed ? (refusal() ?? refused(executed)) : executed;
};

/** A license that a command was accepted on. */
export const issuedLicense = (license: License): IssuedLicense => {
  if (license.kind === 'unissued') throw new Error('A command was accepted on a license that was never issued.');
  return license;
};

/** The facts of a license that a command was accepted on. */
export const issuedFacts = (license: License): LicenseFacts => issuedLicense(license).facts;

type OwnLicense = Aggregate<{ readonly at: Instant }, LicenseEvent, License, ProblemCode>;

/**
 * The license stream as the sender may write this command to it: the stream itself tells on which side of it the sender
 * stands. `refusal`: why the sender was refused when it was decided last, whole; null when not.
 */
const licenseOf = (
  sender: Sender,
  command: LicenseSending['command'],
): { readonly aggregate: OwnLicense; readonly refusal: () => Problem | null } => {
  let refusal: Problem | null = null;
  const decide: OwnLicense['decider']['decide'] = (_, license) => {
    const decision = refusalOf(sender, license) ?? decided(command, license);
    refusal = isProblem(decision) ? decision : null;
    return isProblem(decision) ? reject(decision.problem, decision.detail) : decision;
  };
  return { aggregate: { ...licenseAggregate, decider: { ...licenseDecider, decide } }, refusal: () => refusal };
};

const decided = (command: LicenseSending['command'], license: License): LicenseDecision | Problem => {
  if (!('compose' in command)) return licenseDecider.decide(command, license);
  if (license.kind === 'unissued') return noSuchLicense();
  const composed = command.compose(license);
  return isProblem(composed) ? composed : decideAll(composed, license, command.at);
};

const refusalOf = (sender: Sender, license: License): Problem | null => {
  if (license.kind === 'unissued' || sender === 'key holder') return null;
  const { issuerOrgId, holderOrgId } = license.facts;
  const { organizationId, refusalOn, guard } = sender;
  if (organizationId !== issuerOrgId && organizationId !== holderOrgId) return noSuchLicense();
  return refusalOn(organizationId === issuerOrgId ? 'own' : 'held') ?? guard?.(license) ?? null;
};
