import { reject } from '../../decider.ts';
import { type Instant, plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';
import type { KeyCommand, NewKey } from './key-commands.ts';
import type { RotationCause } from './key-events.ts';

/** Decides a command about the key. */
export const decideKeys = (command: KeyCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'RotateKey':
      return rotateKey(command, license);
    case 'RetireKey':
      return retireKey(command, license);
    case 'EndKeyOverlap':
      return endKeyOverlap(command, license);
  }
};

/**
 * Gives the license another key. The current key works until the end of the overlap; without overlap it stops at
 * once. After a leak or a loss every earlier key stops at once, whatever overlap was asked for.
 */
const rotateKey = ({ data, at }: CommandOf<'RotateKey'>, license: IssuedLicense): LicenseDecision => {
  const { facts } = license;
  const { keyHash, secretId, hint, overlapSeconds, cause } = data;
  if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0)
    return reject('LIMIT_INVALID', `An overlap must be a whole number of seconds, 0 or more, not ${overlapSeconds}.`);
  const key = { keyHash, secretId, hint };
  if (cause === 'LEAKED' || cause === 'LOST') return replaceKeys(license, key, at, cause);
  const rotated = keyRotated(facts, key, { overlapUntil: plusSeconds(at, overlapSeconds), cause });
  return overlapSeconds === 0 ? [rotated, retired(facts.keyVersion)] : [rotated];
};

/** Returns the events that replace every key of a license, also those of earlier overlaps, by a new one at once. */
export const replaceKeys = (
  { facts }: IssuedLicense,
  key: NewKey,
  at: Instant,
  cause: RotationCause = 'ADMIN',
): readonly LicenseEvent[] => [
  keyRotated(facts, key, { overlapUntil: at, cause }),
  retired(facts.keyVersion),
  ...endOverlaps(facts.keyOverlaps, at),
];

/** Stops one earlier key, or all of them, before the end of their overlap. Stopping them again changes nothing. */
const endKeyOverlap = ({ data, at }: CommandOf<'EndKeyOverlap'>, { facts }: IssuedLicense): LicenseDecision => {
  const { keyVersion: ended } = data;
  if (ended === undefined) return endOverlaps(facts.keyOverlaps, at);
  if (ended === facts.keyVersion)
    return reject('INVALID_REQUEST', `Key ${ended} is the newest key. Rotate it to stop it.`, 'keyVersion');
  if (ended > facts.keyVersion)
    return reject('INVALID_REQUEST', `The license has had ${facts.keyVersion} keys. Name one of them.`, 'keyVersion');
  return endOverlaps(
    facts.keyOverlaps.filter(({ keyVersion }) => keyVersion === ended),
    at,
  );
};

/** Retires keys now, or at the end of an overlap that has passed and was not announced. */
const endOverlaps = (overlaps: IssuedLicense['facts']['keyOverlaps'], at: Instant): readonly LicenseEvent[] =>
  overlaps.map(({ keyVersion, until }) =>
    until <= at ? { ...retired(keyVersion), effectiveAt: until } : retired(keyVersion),
  );

const keyRotated = (
  { keyVersion: fromVersion }: IssuedLicense['facts'],
  { keyHash, secretId, hint }: NewKey,
  { overlapUntil, cause }: { readonly overlapUntil: Instant; readonly cause: RotationCause },
): LicenseEvent => ({
  type: 'LicenseKeyRotated',
  data: { fromVersion, toVersion: fromVersion + 1, keyHash, secretId, hint, overlapUntil, cause },
});

const retired = (keyVersion: number) => ({ type: 'LicenseKeyRetired', data: { keyVersion } }) as const;

/** Announces, once, that a rotated key no longer works, with the instant its overlap ended. */
export const retireKey = ({ data, at }: CommandOf<'RetireKey'>, { facts }: IssuedLicense): readonly LicenseEvent[] => {
  const overlap = facts.keyOverlaps.find(({ keyVersion }) => keyVersion === data.keyVersion);
  if (overlap === undefined || at < overlap.until) return [];
  return [{ ...retired(data.keyVersion), effectiveAt: overlap.until }];
};
