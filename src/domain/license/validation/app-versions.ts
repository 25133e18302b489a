import { parse, type SemVer } from 'semver';
import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';

/**
 * Returns true when the license covers a version of the application: the policy allows the version, and it was released
 * before maintenance ended. Under MAINTAIN the maintenance ends with the term. A policy with a bound covers no version
 * when one of the two cannot be read.
 */
export const isVersionEntitled = (
  { policy, term, maintenanceUntil }: Maintained,
  { number, releasedAt }: { readonly number: string; readonly releasedAt: Instant | null },
): boolean => {
  const { from = null, below = null } = policy.versions ?? {};
  if (from !== null && !(compareVersions(number, from) >= 0)) return false;
  if (below !== null && !(compareVersions(number, below) < 0)) return false;
  return isReleaseEntitled({ policy, term, maintenanceUntil }, releasedAt);
};

/** Returns true for a release (null: unknown when) before maintenance ended, whatever versions the policy allows. */
export const isReleaseEntitled = (facts: Maintained, releasedAt: Instant | null): boolean => {
  const endsAt = releasesUntil(facts);
  return endsAt === null || releasedAt === null || releasedAt < endsAt;
};

/**
 * Returns the instant (exclusive) until which the license covers new releases. Under MAINTAIN it is the end of the term,
 * unless the license has a maintenance of its own. Returns null when it covers every release.
 */
export const releasesUntil = ({ policy, term, maintenanceUntil }: Maintained): Instant | null =>
  maintenanceUntil ?? (policy.expiryStrategy === 'MAINTAIN' ? term.expiresAt : null);

/** What decides until when a license covers new releases. */
export type Maintained = Pick<LicenseFacts, 'policy' | 'term' | 'maintenanceUntil'>;

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

/**
 * Returns the one spelling of a version: three numbers and the suffix of a preview, without the build, such as
 * `2.1.0-beta.1`. Returns null for what is no version.
 */
export const canonicalVersion = (text: string): string | null => parseVersion(text)?.version ?? null;

/**
 * Returns a text of ASCII characters whose order by bytes is the precedence of SemVer 2.0.0, for indexes. Returns null
 * for what is no version.
 */
export const versionOrder = (text: string): string | null => {
  const version = parseVersion(text);
  if (version === null) return null;
  const { major, minor, patch, prerelease } = version;
  const numbers = [major, minor, patch].map((number) => ordered(`${number}`)).join('.');
  // A preview comes before its release, a number before a word, and a shorter suffix before a longer one.
  const suffix = prerelease.map((part) => (/^[0-9]+$/.test(`${part}`) ? `0${ordered(`${part}`)}` : `1${part}`));
  return suffix.length === 0 ? `${numbers}~` : `${numbers}-${suffix.join(',')}`;
};

// A number with more digits is greater. A version has at most 256 characters.
const ordered = (digits: string): string => `${String(digits.length).padStart(3, '0')}${digits}`;

const parseVersion = (text: string): SemVer | null => {
  const [, major, minor = '0', patch = '0', suffix = ''] = shortVersion.exec(text) ?? [];
  return major === undefined ? null : parse(`${major}.${minor}.${patch}${suffix}`);
};

// The package itself demands three numbers, and ignores white space around them.
const shortVersion = /^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+]\S*)?$/;
