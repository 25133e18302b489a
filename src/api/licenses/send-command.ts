import type { Pool } from 'pg';
import { decideInTurn } from '../../domain/decider.ts';
import type { LicenseCommand, LicenseDecision } from '../../domain/license/commands.ts';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { IssuedLicense, License, LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseAggregate, toDecide } from '../../eventstore/aggregate.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executed, Executor } from '../../eventstore/execute.ts';
import type { Moment } from '../../eventstore/waiting.ts';
import type { PersonalValue } from '../../projections/tables/vault.ts';
import { contextOf, executedOrProblem } from '../command-context.ts';
import type { Attempt } from '../idempotency.ts';
import { besideValues, referenceOf } from '../in-vault.ts';
import type { Side } from '../permissions.ts';
import { isProblem, type Problem } from '../problems.ts';
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
  const why = reason === null ? null : { code: reason.code, text: textRef };
  const context = contextOf({ call, attempt, actor }, command.at, why);
  // The stream itself tells on which side of the license the sender stands.
  const decide = (license: License, moment: Moment) => refusalOf(sender, license) ?? decided(command, license, moment);
  return executedOrProblem(
    await besideValues(pool, attempt, { issuerOrgId, stream: licenseAggregate.stream(licenseId) }, values, () =>
      executor.execute(licenseAggregate, licenseId, decide, context, view),
    ),
  );
};

/** A license that a command was accepted on. */
export const issuedLicense = (license: License): IssuedLicense => {
  if (license.kind === 'unissued') throw new Error('A command was accepted on a license that was never issued.');
  return license;
};

/** The facts of a license that a command was accepted on. */
export const issuedFacts = (license: License): LicenseFacts => issuedLicense(license).facts;

const decided = (command: LicenseSending['command'], license: License, moment: Moment): LicenseDecision | Problem => {
  if (!('compose' in command)) return toDecide(licenseAggregate, command)(license, moment);
  if (license.kind === 'unissued') return noSuchLicense();
  const composed = command.compose(license);
  if (isProblem(composed)) return composed;
  const { at, eventIds } = moment;
  return decideInTurn(
    licenseDecider,
    composed.map((each) => ({ ...each, at })),
    license,
    eventIds,
  );
};

const refusalOf = (sender: Sender, license: License): Problem | null => {
  if (license.kind === 'unissued' || sender === 'key holder') return null;
  const { issuerOrgId, holderOrgId } = license.facts;
  const { organizationId, refusalOn, guard } = sender;
  if (organizationId !== issuerOrgId && organizationId !== holderOrgId) return noSuchLicense();
  return refusalOn(organizationId === issuerOrgId ? 'own' : 'held') ?? guard?.(license) ?? null;
};
