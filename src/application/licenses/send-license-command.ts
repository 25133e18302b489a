import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { decideInTurn } from '../../domain/decider.ts';
import type { LicenseCommand, LicenseDecision } from '../../domain/license/commands.ts';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { IssuedLicense, License, LicenseFacts } from '../../domain/license/license.ts';
import {
  type LicenseActing,
  type LicensePower,
  noSuchLicense,
  refuseActing,
  refuseKey,
} from '../../domain/license/license-authority.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import type { Moment } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import type { PersonalValue } from '../../records/vault.ts';
import type { Attempt } from '../attempt.ts';
import { contextOf, type Traced } from '../command-context.ts';
import { referenceOf, withPersonalValues } from '../personal-values.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

export type CommandNeeds = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/** Why something is done: a code, and a text that is stored in the vault. */
export type GivenReason = { readonly code: string; readonly text?: string | undefined };

/** A command on its way to a license's stream, with everything that a person wrote in it. */
export type LicenseSending = {
  readonly call: Traced;
  readonly attempt: Attempt;
  readonly actor: Actor;
  readonly by: LicenseActing;
  /** What the sender must be entitled to. */
  readonly power: LicensePower;
  /** Refuses the sender by what the license is like. */
  readonly guard?: Guard;
  readonly issuerOrgId: string;
  readonly licenseId: string;
  readonly reason: GivenReason | null;
  /** Personal values that the command refers to, besides the reason's text. */
  readonly values: readonly PersonalValue[];
  readonly command: LicenseCommand | ComposedCommand;
};

/**
 * Commands that are made of the current state of the license when they are decided, so that no concurrent change is
 * lost. All of them are carried out, in one append, or none; no command changes nothing. A refusal counts only while
 * the stream has not accepted this very command before.
 */
export type ComposedCommand = {
  readonly at: Instant;
  readonly compose: (license: IssuedLicense) => readonly LicenseCommand[] | Refusal;
};

/** Refuses a sender by what the license is like. */
export type Guard = (license: IssuedLicense, by: LicenseActing) => Refusal | null;

/**
 * Sends a command to a license that the sender issues or holds; any other organization gets the answer of a license
 * that does not exist. Personal values are in the vault before the event that refers to them, and out of it again when
 * there is no such event.
 */
export const sendLicenseCommand = async <View>(
  { executor, pool }: CommandNeeds,
  sending: LicenseSending,
  view: (license: License) => View,
): Promise<Executed<View> | Refusal> => {
  const { call, attempt, actor, by, issuerOrgId, licenseId, reason, command } = sending;
  const textRef = reason?.text === undefined ? null : referenceOf(attempt, 'reason');
  const values = [...sending.values];
  if (textRef !== null && reason?.text !== undefined) {
    const about = {
      issuerOrgId,
      holderOrgId: readerOf(by, issuerOrgId),
      kind: 'REASON_TEXT',
      subject: licenseId,
    } as const;
    values.push({ ...about, ref: textRef, value: reason.text });
  }
  const why = reason === null ? null : { code: reason.code, text: textRef };
  const context = contextOf({ call, attempt, actor }, command.at, why);
  // The stream itself says which key is valid and on which side of the license the sender stands: rows may be behind.
  const decide = (license: License, moment: Moment) =>
    refusalOf(sending, license, moment.at) ?? decided(command, license, moment);
  const stream = licenseAggregate.stream(licenseId);
  return withPersonalValues(pool, attempt, { issuerOrgId, stream, values }, () =>
    executor.execute(licenseAggregate, licenseId, decide, context, view),
  );
};

/** Returns a license that a command was accepted on. */
export const issuedLicense = (license: License): IssuedLicense => {
  if (license.kind === 'unissued') throw new Error('A command was accepted on a license that was never issued.');
  return license;
};

/** Returns the facts of a license that a command was accepted on. */
export const issuedFacts = (license: License): LicenseFacts => issuedLicense(license).facts;

const decided = (command: LicenseSending['command'], license: License, moment: Moment): LicenseDecision | Refusal => {
  if (!('compose' in command)) return toDecide(licenseAggregate, command)(license, moment);
  if (license.kind === 'unissued') return noSuchLicense;
  const composed = command.compose(license);
  if (isRefusal(composed)) return composed;
  const { at, eventIds } = moment;
  return decideInTurn(
    licenseDecider,
    composed.map((each) => ({ ...each, at })),
    license,
    eventIds,
  );
};

const refusalOf = ({ by, power, guard }: LicenseSending, license: License, at: Instant): Refusal | null => {
  if (license.kind === 'unissued') return null;
  return refuseActing(license.facts, by, power) ?? refuseKey(license.facts, by, at) ?? guard?.(license, by) ?? null;
};

// The issuer reads what a holder writes, and so does the holder itself.
const readerOf = (by: LicenseActing, issuerOrgId: string): string | null =>
  by.kind !== 'organization' || by.organizationId === issuerOrgId ? null : by.organizationId;
