import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';

/** The pattern of a version in a policy: up to four numbers, and a suffix after a dash for previews. */
export const versionPattern = /^\d{1,9}(?:\.\d{1,9}){0,3}(?:-[0-9A-Za-z.-]{1,40})?$/;

/**
 * Returns true when the license covers a version of the application: the policy allows the version, and it was released
 * before maintenance ended. Under MAINTAIN the maintenance ends with the term.
 */
export const isVersionEntitled = (
  { policy, term, maintenanceUntil }: LicenseFacts,
  { number, releasedAt }: { readonly number: string; readonly releasedAt: Instant | null },
): boolean => {
  const { from = null, below = null } = policy.versions ?? {};
  if (from !== null && compareVersions(number, from) < 0) return false;
  if (below !== null && compareVersions(number, below) >= 0) return false;
  const endsAt = maintenanceUntil ?? (policy.expiryStrategy === 'MAINTAIN' ? term.expiresAt : null);
  return endsAt === null || releasedAt === null || releasedAt < endsAt;
};

/**
 * Returns a negative number, 0 or a positive number when `a` is before, equal to or after `b`. Compares dotted
 * numbers part by part; a missing part is 0. A suffix after a dash makes a version earlier. Ignores build metadata
 * after a plus.
 */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let place = 0; place < Math.max(left.numbers.length, right.numbers.length); place++) {
    const difference = (left.numbers[place] ?? 0) - (right.numbers[place] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.preview === right.preview) return 0;
  if (left.preview === '') return 1;
  if (right.preview === '') return -1;
  return left.preview < right.preview ? -1 : 1;
};

const partsOf = (version: string): { readonly numbers: readonly number[]; readonly preview: string } => {
  const [core = '', ...preview] = (version.split('+')[0] ?? '').split('-');
  return { numbers: core.split('.').map((part) => Number.parseInt(part, 10) || 0), preview: preview.join('-') };
};
