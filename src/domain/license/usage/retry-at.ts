import { isRejection, type Rejection } from '../../decider.ts';
import { type Instant, lastInstant, later, plusSeconds, toMs } from '../../time.ts';
import type { CommandOf, LicenseCommand, LicenseDecision, LicenseRejection } from '../commands.ts';
import type { IssuedLicense, Lease } from '../license.ts';
import { lapsedLeases } from '../seats/lapsed-leases.ts';
import type { LastSeen } from '../seats/seat-commands.ts';
import { meterResetsAt, resetsAt } from './term-counters.ts';
import { capacity } from './usage-limits.ts';

/** A command that a cooldown or a limit refuses, and that can succeed by time alone. */
export type Repeatable = CommandOf<'Deactivate' | 'SwapActivation' | 'RecordUsage' | 'AcquireLease' | 'RenewLease'>;

/**
 * Adds to the refusal of a cooldown or a limit the instant at which the same command succeeds by time alone.
 * `decideAgain` decides the command at that instant. The refusal stays as it is when that refuses it, too, and when time
 * does not help.
 */
export const withRetryAt = (
  refusal: Rejection<LicenseRejection>,
  command: LicenseCommand,
  license: IssuedLicense,
  decideAgain: (repeated: Repeatable) => LicenseDecision,
): Rejection<LicenseRejection> => {
  const repeated = repetitionOf(refusal.rejected, command, license);
  if (repeated === null || repeated.at <= command.at || isRejection(decideAgain(repeated))) return refusal;
  return withRetryInstant(refusal, command.at, repeated.at);
};

/** Returns the refusal of a command at `at` that can succeed at `retryAt`. */
export const withRetryInstant = (
  refusal: Rejection<LicenseRejection>,
  at: Instant,
  retryAt: Instant,
): Rejection<LicenseRejection> => {
  // Rounded up, so that a client which waits them is not early.
  const retryAfterSeconds = Math.ceil((toMs(retryAt) - toMs(at)) / 1_000);
  return { ...refusal, retryAt, retryAfterSeconds };
};

/** Returns the command at the first instant at which the reason of its refusal has gone; null: time does not help. */
const repetitionOf = (code: LicenseRejection, command: LicenseCommand, license: IssuedLicense): Repeatable | null => {
  switch (command.type) {
    case 'Deactivate':
    case 'SwapActivation': {
      const at = releaseAt(code, license, command.at);
      return at === null ? null : { ...command, at };
    }
    case 'RecordUsage': {
      const at = code === 'QUOTA_EXCEEDED' ? meterResetsAt(license.facts, command.data.meter, command.at) : null;
      return at === null ? null : { ...command, at, data: usageLater(command, at) };
    }
    case 'AcquireLease': {
      const at = code === 'SEAT_LIMIT_EXCEEDED' ? seatFreeAt(acquirableEnds(command, license), license) : null;
      return at === null ? null : { ...command, at, data: { ...command.data, dead: ifSilent(command, license) } };
    }
    case 'RenewLease': {
      const at = code === 'SEAT_LIMIT_EXCEEDED' ? seatFreeAt(renewableEnds(command.at, license), license) : null;
      return at === null ? null : { ...command, at };
    }
    default:
      return null;
  }
};

/** Returns the data of the command when it is sent again at `at`. The instant of its usage does not refuse it then. */
const usageLater = ({ data }: CommandOf<'RecordUsage'>, at: Instant): CommandOf<'RecordUsage'>['data'] => ({
  ...data,
  entries: data.entries.map((entry) => ({ ...entry, occurredAt: at })),
});

const releaseAt = (code: LicenseRejection, license: IssuedLicense, at: Instant): Instant | null => {
  const { facts, lastDeactivatedAt } = license;
  const cooldownEndsAt =
    lastDeactivatedAt === null ? at : plusSeconds(lastDeactivatedAt, facts.policy.deactivation.cooldownSeconds);
  if (code === 'COOLDOWN_ACTIVE') return cooldownEndsAt;
  const startsAt = code === 'DEACTIVATION_LIMIT' ? resetsAt(license.facts, at) : null;
  // A release late in the term has a cooldown that goes on in the next one.
  return startsAt === null ? null : later(startsAt, cooldownEndsAt);
};

/** Returns when so many seats are free that another one fits under the limit; null: that needs more than time. */
const seatFreeAt = (ends: readonly Instant[], { facts: { limits, policy } }: IssuedLicense): Instant | null => {
  const end = ends.toSorted()[ends.length - capacity(limits.seats, policy.overage)];
  return end === undefined || end === lastInstant ? null : end;
};

/** Returns the ends of the taken seats, as a new lease waits for them: each floating seat ends without a heartbeat. */
const acquirableEnds = ({ data, at }: CommandOf<'AcquireLease'>, license: IssuedLicense): readonly Instant[] => {
  const lapsing = new Set(lapsedLeases(license, data.dead, at).map(({ lease }) => lease));
  const open = [...license.leases.values()].filter((lease) => !lapsing.has(lease));
  return [...open.map((lease) => endOf(lease, at)), ...withheldEnds(license, at)];
};

/** Returns the ends of the taken seats, as a lapsed lease waits for them: a heartbeat ends no floating seat. */
const renewableEnds = (at: Instant, license: IssuedLicense): readonly Instant[] => {
  const open = [...license.leases.values()].filter(({ borrow, expiresAt }) => !borrow || expiresAt > at);
  return [...open.map(({ borrow, expiresAt }) => (borrow ? expiresAt : lastInstant)), ...withheldEnds(license, at)];
};

const withheldEnds = ({ withheld }: IssuedLicense, at: Instant): readonly Instant[] =>
  [...withheld.values()].map(({ freeAt }) => freeAt).filter((end) => end > at);

// A seat past its first end lives by its heartbeats.
const endOf = ({ expiresAt, ttlSeconds }: Lease, at: Instant): Instant =>
  expiresAt > at ? expiresAt : plusSeconds(at, ttlSeconds);

/** Returns the last heartbeats of all floating seats, as if none came any longer. */
const ifSilent = ({ data, at }: CommandOf<'AcquireLease'>, { leases }: IssuedLicense): readonly LastSeen[] => {
  const floating = [...leases.values()].filter(({ borrow }) => !borrow);
  const lastSeen = floating.map((lease) => ({
    leaseId: lease.leaseId,
    lastSeenAt: plusSeconds(endOf(lease, at), -lease.ttlSeconds),
  }));
  return [...lastSeen, ...data.dead];
};
