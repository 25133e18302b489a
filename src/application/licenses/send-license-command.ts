import type { Pool } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { productsOf } from '../../domain/authority.ts';
import { decideInTurn, stamp } from '../../domain/decider.ts';
import type { LicenseCommand, LicenseDecision } from '../../domain/license/commands.ts';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { IssuedLicense, License, LicenseFacts } from '../../domain/license/license.ts';
import {
  type LicenseActing,
  type LicensePower,
  noSuchLicense,
  refuseActing,
  refuseBeyondProducts,
  refuseKey,
} from '../../domain/license/license-authority.ts';
import { isUnsettled, settle, settledAt } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import type { Moment } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import type { PersonalValue } from '../../records/vault.ts';
import { contextOf, type Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { referenceOf, withPersonalValues } from '../personal-values.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

export type CommandNeeds = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/** The reason of a command: a code, and a text that the vault stores. */
export type GivenReason = { readonly code: string; readonly text?: string | undefined };

/** A command for the stream of a license, with the texts that a person wrote in it. */
export type LicenseSending = {
  readonly call: Traced;
  readonly attempt: Attempt;
  readonly actor: Actor;
  readonly by: LicenseActing;
  /** The power that the sender needs. */
  readonly power: LicensePower;
  /** Refuses the sender by the state of the license. */
  readonly guard?: Guard;
  readonly issuerOrgId: string;
  readonly licenseId: string;
  readonly reason: GivenReason | null;
  /** Personal values that the command refers to, besides the reason's text. */
  readonly values: readonly PersonalValue[];
  readonly command: LicenseCommand | ComposedCommand;
};

/**
 * Commands that follow from the current state of the license at the decision, so that no concurrent change is lost. One
 * append carries out all of them, or none. No command changes nothing. A refusal counts only when the stream has not
 * accepted this command before.
 */
export type ComposedCommand = {
  readonly at: Instant;
  /** Gets the license with everything that has fallen due. `isDerived`: an event of that is not recorded yet. */
  readonly compose: (license: IssuedLicense, isDerived: boolean) => readonly LicenseCommand[] | Refusal;
};

/** The result of a command on a license. `isDerived`: its view shows a change that no event records yet. */
export type Sent<View> = Executed<View> & { readonly isDerived: boolean };

/** Refuses a sender by the state of the license. */
export type Guard = (license: IssuedLicense, by: LicenseActing, at: Instant) => Refusal | null;

/**
 * Sends a command to a license that the sender issues or holds. Every other organization gets the answer for an unknown
 * license. Personal values are in the vault before the event that refers to them, and are removed when there is no such
 * event.
 */
export const sendLicenseCommand = async <View>(
  { executor, pool }: CommandNeeds,
  sending: LicenseSending,
  view: (license: License) => View,
): Promise<Sent<View> | Refusal> => {
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
  // The stream says which key works and whether the sender is issuer or holder, because rows may be behind.
  const decide = (license: License, moment: Moment) =>
    refuseSender(sending, license, moment.at) ?? withinReach(by, license, decided(command, license, moment), moment);
  const stream = licenseAggregate.stream(licenseId);
  const sent = await withPersonalValues(pool, attempt, { issuerOrgId, stream, values }, () =>
    // The answer shows what has fallen due, also when the command changed nothing.
    executor.execute(licenseAggregate, licenseId, decide, {
      context,
      view: (license) => ({
        seen: view(settledAt(license, command.at)),
        isDerived: license.kind !== 'unissued' && isUnsettled(license.facts, command.at),
      }),
    }),
  );
  return 'rejected' in sent ? sent : { ...sent, view: sent.view.seen, isDerived: sent.view.isDerived };
};

/**
 * Returns the commands that are decided at `at`, or a refusal. Refuses a license that was never issued, unless the
 * command issues it.
 */
export const commandsOf = (
  command: LicenseSending['command'],
  license: License,
  at: Instant,
): readonly LicenseCommand[] | Refusal => {
  if (!('compose' in command)) return [command];
  if (license.kind === 'unissued') return noSuchLicense;
  return command.compose(settle(license, at).license, isUnsettled(license.facts, at));
};

/** Refuses a sender who may not change the license, by its state with everything that has fallen due. */
export const refuseSender = (
  { by, power, guard }: Pick<LicenseSending, 'by' | 'power' | 'guard'>,
  license: License,
  at: Instant,
): Refusal | null => {
  const settled = settledAt(license, at);
  if (settled.kind === 'unissued') return null;
  return refuseActing(settled.facts, by, power) ?? refuseKey(settled.facts, by, at) ?? guard?.(settled, by, at) ?? null;
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
  const { at, eventIds } = moment;
  const composed = commandsOf(command, license, at);
  if (isRefusal(composed)) return composed;
  return decideInTurn(
    licenseDecider,
    composed.map((single) => ({ ...single, at })),
    license,
    eventIds,
  );
};

/** Returns the decision, or the refusal of one that adds a product that a limited sender does not reach. */
const withinReach = (
  by: LicenseActing,
  license: License,
  decision: LicenseDecision | Refusal,
  { at }: Moment,
): LicenseDecision | Refusal => {
  if ('rejected' in decision || by.kind !== 'organization' || productsOf(by.credential) === null) return decision;
  let after = licenseDecider.fork(license);
  for (const event of decision) after = licenseDecider.evolve(after, event, stamp(event, at).at);
  if (after.kind === 'unissued') return decision;
  const before = settledAt(license, at);
  return refuseBeyondProducts(before.kind === 'unissued' ? null : before.facts, after.facts, by) ?? decision;
};

// The issuer and the holder can read what a holder writes.
const readerOf = (by: LicenseActing, issuerOrgId: string): string | null =>
  by.kind !== 'organization' || by.organizationId === issuerOrgId ? null : by.organizationId;
