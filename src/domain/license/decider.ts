import type { Decider } from '../decider.ts';
import type { LicenseCommand, LicenseRejection } from './commands.ts';
import { decide } from './decide.ts';
import type { LicenseEvent } from './events.ts';
import { evolve, fork, initial } from './evolve.ts';
import type { License } from './license.ts';

/** Decides and folds the license stream: one license from its issue to its end. */
export const licenseDecider: Decider<LicenseCommand, LicenseEvent, License, LicenseRejection> = {
  initial,
  decide,
  evolve,
  fork,
};
