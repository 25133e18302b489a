import { isLimit, isUsedUp } from '../domain/license/usage/usage-limits.ts';
import type { Recorded } from '../eventstore/event-store.ts';

/**
 * Returns true for an event that gives something and takes nothing away. A crash of Postgres may undo such an event,
 * and no validation then changes from "invalid" back to "valid". A type that is not listed here takes something away.
 */
export const onlyGives = ({ type, data: { totalAfter, limit } }: Recorded): boolean => {
  switch (type) {
    case 'LicenseIssued':
    case 'LicenseKeyIssued':
    case 'LicenseOffered':
    case 'ActivationRecorded':
    case 'LeaseAcquired':
    // These take use away, so they give room.
    case 'UsageCorrected':
    case 'UsageReset':
      return true;
    // Usage that reaches the limit turns "valid" into "quota exceeded".
    case 'UsageRecorded':
    case 'UsageBatchRecorded':
      return typeof totalAfter === 'number' && isLimit(limit) && !isUsedUp(totalAfter, limit);
    default:
      return false;
  }
};
