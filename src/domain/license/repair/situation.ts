import { type EventIds, isRejection, type Rejection, stamp } from '../../decider.ts';
import { type Instant, later } from '../../time.ts';
import type { LicenseCommand, LicenseRejection } from '../commands.ts';
import { decide } from '../decide.ts';
import { evolve, forkIssued } from '../evolve.ts';
import type { IssuedLicense, Lease } from '../license.ts';
import type { LastSeen } from '../seats/seat-commands.ts';
import { aliveUntil } from '../seats/seats-in-use.ts';
import { settle } from '../settle.ts';
import { type ValidationScope, type ValidationView, validationView } from '../validation/validation-view.ts';

/** A license at an instant, the scope of a validation of it, and what its stream does not record. */
export type Situation = {
  readonly license: IssuedLicense;
  readonly scope: ValidationScope;
  readonly at: Instant;
  readonly tenantSuspended: boolean;
  readonly lastCheckInAt: Instant | null;
  /** The last heartbeat of the requested seat; null: it had none. */
  readonly heartbeat: LastSeen | null;
  /** Leases with a last heartbeat that is too old. Their seats are free. */
  readonly dead: readonly LastSeen[];
  /** True when the issuer sells the requested product, so that it can be added. */
  readonly isProductSold: boolean;
  /** The newest release of the issuer's catalog that the license covers; null: it lists none. */
  readonly release: { readonly number: string; readonly releasedAt: Instant } | null;
};

/** Returns the view that a validation in this situation reads. */
export const viewIn = (situation: Situation): ValidationView => {
  const { license, scope, tenantSuspended, lastCheckInAt, heartbeat } = situation;
  const view = { ...validationView(license, scope), tenantSuspended, lastCheckInAt };
  const seat = seatOf(situation);
  if (seat === undefined || heartbeat?.leaseId !== seat.leaseId) return view;
  return { ...view, lease: { ...view.lease, aliveUntil: aliveUntil(seat, heartbeat.lastSeenAt) } };
};

/** Returns the seat of the holder that the request names; undefined when there is none. */
export const seatOf = ({ license: { leases, leaseByHolder }, scope }: Situation): Lease | undefined =>
  leases.get(leaseByHolder.get(scope.lease ?? '') ?? '');

/** The outcome of a step: the situation after it, or why it cannot be carried out. Null when it changes nothing. */
export type Outcome = Situation | Rejection<LicenseRejection> | null;

/** Returns true for a situation. */
export const isSituation = (outcome: Outcome): outcome is Situation => outcome !== null && !('rejected' in outcome);

/** Returns the situation after a command. The situation before it stays as it is. */
export const afterCommand = (situation: Situation, command: LicenseCommand): Outcome => {
  const decision = decide(command, situation.license, eventIds);
  if (isRejection(decision)) return decision;
  if (decision.length === 0) return null;
  const license = forkIssued(situation.license);
  for (const event of decision) evolve(license, event, stamp(event, command.at).at);
  return { ...situation, license };
};

/** Returns the situation after the commands, as long as none is refused. */
export const afterCommands = (situation: Situation, commands: readonly LicenseCommand[]): Outcome => {
  let current = situation;
  for (const command of commands) {
    const next = afterCommand(current, command);
    if (!isSituation(next)) return next;
    current = next;
  }
  return current;
};

/** Returns the situation with another scope. */
export const withScope = (situation: Situation, scope: Partial<ValidationScope>): Situation => ({
  ...situation,
  scope: { ...situation.scope, ...scope },
});

/** Returns the situation at a later instant, with what falls due until then. */
export const afterWait = (situation: Situation, until: Instant): Situation => {
  const at = later(situation.at, until);
  return { ...situation, at, license: settle(situation.license, at).license };
};

// The ids of events that are never stored.
const eventIds: EventIds = (index) => `evt_repair_${index}`;
