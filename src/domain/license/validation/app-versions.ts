import { parse, type SemVer } from 'semver';
import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';

/**
 * Returns true when the license covers a version of the application: the policy allows the version, and it was released
 * before maintenance ended. Under MAINTAIN the maintenance ends with the term. A policy with a bound covers no version
 * when one of the two cannot be read.
 */
export const isVersionEntitled = (
  { policy, term, maintenanceUntil }: LicenseFacts,
  { number, releasedAt }: { readonly number: string; readonly releasedAt: Instant | null },
): boolean => {
  const { from = null, below = null } = policy.versions ?? {};
  if (from !== null && !(compareVersions(number, from) >= 0)) return false;
  if (below !== null && !(compareVersions(number, below) < 0)) return false;
  const endsAt = maintenanceUntil ?? (policy.expiryStrategy === 'MAINTAIN' ? term.expiresAt : null);
  return endsAt === null || releasedAt === null || releasedAt < endsAt;
};

/**
 * Returns a negative number, 0 or a positive number when `a` is before, equal to or after `b`, by the precedence of
 * SemVer 2.0.0. Returns NaN when one of the two is no version, so every comparison with the result is false.
 */
export const compareVersions = (a: string, b: string): number => {
  const [one, other] = [parseVersion(a), parseVersion(b)];
  return one === null || other === null ? Number.NaN : one.compare(other);
};

/**
 * Returns true for a version of SemVer 2.0.0. One leading `v` or `V` is allowed, and a missing minor or patch number is
 * 0.
 */
export const isVersion = (text: string): boolean => parseVersion(text) !== null;

const parseVersion = (text: string): SemVer | null => {
  const [, major, minor = '0', patch = '0', suffix = ''] = shortVersion.exec(text) ?? [];
  return major === undefined ? null : parse(`${major}.${minor}.${patch}${suffix}`);
};

// The package itself demands three numbers, and ignores white space around them.
const shortVersion = /^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+]\S*)?$/;
