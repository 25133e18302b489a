import { z } from 'zod';
import { tiers } from '../domain/license/policy.ts';
import { renewalModes, termTriggers } from '../domain/license/term/term-events.ts';
import { instant } from '../eventstore/envelope.ts';
import { event, id, maintenance, ordinal } from './codec-fields.ts';
import { target } from './codec-license-grant.ts';

const trigger = z.enum(termTriggers);
const renewalMode = z.enum(renewalModes);

/** The schemas of the events about the term of a license, its reminders and scheduled changes. */
export const termEvents = [
  event(
    'LicenseTermStarted',
    z.object({
      termNumber: ordinal,
      startsAt: instant,
      expiresAt: instant.nullable(),
      trigger,
      // Terms from before this field count from `startsAt`.
      countedFrom: instant.exactOptional(),
      duration: id.exactOptional(),
      billingRef: id.exactOptional(),
      ...maintenance,
    }),
  ),
  event(
    'LicenseExpiryChanged',
    z.object({ termNumber: ordinal, from: instant.nullable(), to: instant.nullable(), ...maintenance }),
  ),
  event('LicenseMaintenanceChanged', z.object({ from: instant.nullable(), to: instant.nullable() })),
  event('LicenseRenewalChanged', z.object({ from: renewalMode, to: renewalMode, eventId: id.nullable() })),
  event('LicenseGraceEnded', z.object({ termNumber: ordinal, graceUntil: instant })),
  event('LicenseExpiringSoon', z.object({ termNumber: ordinal, expiresAt: instant, offset: id })),
  event('TierChangeScheduled', z.object({ eventId: id, from: z.enum(tiers), target })),
  event('ScheduledChangeCancelled', z.object({ eventId: id })),
] as const;
