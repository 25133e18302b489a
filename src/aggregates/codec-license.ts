import { z } from 'zod';
import { freeTarget } from '../domain/catalog/downgrade.ts';
import type { LicenseEvent } from '../domain/license/events.ts';
import { type ChainRepaired, repairEvent } from '../eventstore/chain/repair-event.ts';
import { type Decoded, decodeWith } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { builtInPolicyId } from './built-in-policy-ids.ts';
import { coreEvents } from './codec-license-core.ts';
import { grantEvents } from './codec-license-grant.ts';
import { keyEvents } from './codec-license-key.ts';
import { leaseEvents } from './codec-license-lease.ts';
import { termEvents } from './codec-license-term.ts';
import { upcasters } from './upcasters.ts';

/** Decodes an event of a license stream. Throws UndecodableEvent. */
export const decodeLicense = (recorded: Recorded): Decoded<LicenseEvent | ChainRepaired> =>
  withPinnedTarget(decodeWith(licenseEvent, recorded, upcasters));

/** Returns the names of all types of events in the stream of a license. */
export const licenseEventTypes = (): readonly string[] => licenseEvent.options.map(({ shape }) => shape.type.value);

const licenseEvent = z.discriminatedUnion('type', [
  ...coreEvents,
  ...termEvents,
  ...grantEvents,
  ...leaseEvents,
  ...keyEvents,
  repairEvent,
]) satisfies z.ZodType<LicenseEvent | ChainRepaired>;

type LicenseDecoded = Decoded<LicenseEvent | ChainRepaired>;

// Events of earlier builds do not pin what a trial becomes, also of a license that they moved to a policy for trials. The
// built-in policy FREE is what they mean.
const withPinnedTarget = (decoded: LicenseDecoded): LicenseDecoded => {
  const { event, envelope } = decoded;
  if (policyTypeOf(event) !== 'TRIAL' || 'afterTrial' in event.data) return decoded;
  const target = freeTarget({ kind: 'unopened' }, builtInPolicyId(envelope.issuerOrgId, 'FREE'));
  // The compiler cannot link the type of the event and its data.
  return { ...decoded, event: { ...event, data: { ...event.data, afterTrial: target } } as LicenseEvent };
};

/** Returns the type of the policy that an event pins; null for an event without a policy. */
const policyTypeOf = (event: LicenseDecoded['event']) => {
  switch (event.type) {
    case 'LicenseIssued':
    case 'LicenseImported':
    case 'LicenseTierChanged':
      return event.data.policy.type;
    case 'TierChangeScheduled':
      return event.data.target.policy.type;
    default:
      return null;
  }
};
