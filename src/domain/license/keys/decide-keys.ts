import { reject } from '../../decider.ts';
import { plusSeconds } from '../../time.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import type { IssuedLicense } from '../license.ts';
import type { KeyCommand } from './key-commands.ts';

/** Decides a command about the key. */
export const decideKeys = (command: KeyCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'RotateKey':
      return rotateKey(command, license);
    case 'RetireKey':
      return retireKey(command, license);
  }
};

/**
 * Gives the license another key. The current key works until the end of the overlap; without overlap it stops at
 * once.
 */
const rotateKey = ({ data, at }: CommandOf<'RotateKey'>, { facts }: IssuedLicense): LicenseDecision => {
  const { keyHash, secretId, hint, overlapSeconds, cause } = data;
  if (!Number.isSafeInteger(overlapSeconds) || overlapSeconds < 0)
    return reject('LIMIT_INVALID', `An overlap must be a whole number of seconds, 0 or more, not ${overlapSeconds}.`);
  const fromVersion = facts.keyVersion;
  const overlapUntil = plusSeconds(at, overlapSeconds);
  const rotated: LicenseEvent = {
    type: 'LicenseKeyRotated',
    data: { fromVersion, toVersion: fromVersion + 1, keyHash, secretId, hint, overlapUntil, cause },
  };
  return overlapSeconds === 0 ? [rotated, { type: 'LicenseKeyRetired', data: { keyVersion: fromVersion } }] : [rotated];
};

/** Announces, once, that a rotated key no longer works, with the instant its overlap ended. */
const retireKey = ({ data, at }: CommandOf<'RetireKey'>, { facts }: IssuedLicense): LicenseDecision => {
  const overlap = facts.keyOverlaps.find(({ keyVersion }) => keyVersion === data.keyVersion);
  if (overlap === undefined || at < overlap.until) return [];
  return [{ type: 'LicenseKeyRetired', data: { keyVersion: data.keyVersion }, effectiveAt: overlap.until }];
};
