import type { Rejection } from '../../decider.ts';
import { type Instant, plusSeconds, toMs } from '../../time.ts';
import type { LicenseCommand, LicenseRejection } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { capacity } from './usage-limits.ts';

/**
 * Adds the first instant at which the same command can succeed by time alone to the refusal of a cooldown or a limit.
 * Other refusals, and limits that time does not free, stay as they are.
 */
export const withRetryAt = (
  refusal: Rejection<LicenseRejection>,
  command: LicenseCommand,
  license: IssuedLicense,
): Rejection<LicenseRejection> => {
  const retryAt = retryAtOf(refusal.rejected, command, license);
  if (retryAt === null || retryAt <= command.at) return refusal;
  // Rounded up, so that a client which waits them is not early.
  return { ...refusal, retryAt, retryAfterSeconds: Math.ceil((toMs(retryAt) - toMs(command.at)) / 1_000) };
};

const retryAtOf = (code: LicenseRejection, command: LicenseCommand, license: IssuedLicense): Instant | null => {
  const { facts, lastDeactivatedAt } = license;
  const { allowed, cooldownSeconds, maxPerTerm } = facts.policy.deactivation;
  switch (code) {
    case 'COOLDOWN_ACTIVE':
      return lastDeactivatedAt === null ? null : plusSeconds(lastDeactivatedAt, cooldownSeconds);
    case 'DEACTIVATION_LIMIT':
      return allowed && maxPerTerm !== null && maxPerTerm > 0 ? endOfRunningTerm(license, command.at) : null;
    case 'QUOTA_EXCEEDED':
      return command.type === 'RecordUsage' && fitsIntoTerm(command.data, license)
        ? endOfRunningTerm(license, command.at)
        : null;
    case 'SEAT_LIMIT_EXCEEDED':
      return nextFreeSeat(license, command.at);
    default:
      return null;
  }
};

// A renewed term begins before the end of the last one, and its counters with it.
const endOfRunningTerm = ({ facts }: IssuedLicense, at: Instant): Instant | null =>
  facts.nextTerms.find((start) => start > at) ?? facts.term.expiresAt;

const fitsIntoTerm = (
  { meter, quantity }: { readonly meter: string; readonly quantity: number },
  { facts: { limits, policy } }: IssuedLicense,
): boolean => quantity <= capacity(limits.meters[meter] ?? 0, policy.overage);

/** Returns when the first seat is free without a release. A seat past its first end lives by its heartbeats. */
const nextFreeSeat = ({ facts: { limits }, leases, withheld }: IssuedLicense, at: Instant): Instant | null => {
  if (limits.seats === 0) return null;
  let first: Instant | null = null;
  const free = (end: Instant) => {
    if (end > at && (first === null || end < first)) first = end;
  };
  for (const { expiresAt, ttlSeconds } of leases.values())
    free(expiresAt > at ? expiresAt : plusSeconds(at, ttlSeconds));
  for (const { freeAt } of withheld.values()) free(freeAt);
  return first;
};
