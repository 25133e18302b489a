import type { At } from '../../decider.ts';
import type { Instant } from '../../time.ts';
import type { EventOf, LaterEvent } from '../events.ts';
import type { LicenseFacts } from '../license.ts';
import { withUsage } from '../usage/with-usage.ts';
import { announcedBy, type DecisiveEvent, ended, withAnnounced } from './ending-counts.ts';

/** Returns the facts after a revocation. */
export const evolveEndingFacts = (
  facts: LicenseFacts,
  event: EventOf<'LicenseRevoked'>,
  { effectiveAt }: At,
): LicenseFacts => withEnds(facts, event, effectiveAt, { revokedAt: effectiveAt, offer: null });

/** Returns the facts after a decisive event: with `changes`, and without the usage that the event ends. */
export const withEnds = (
  facts: LicenseFacts,
  event: DecisiveEvent,
  effectiveAt: Instant,
  changes: Partial<
    Pick<LicenseFacts, 'revokedAt' | 'limits' | 'overuseStays' | 'products' | 'holderOrgId' | 'offer' | 'overrides'>
  >,
): LicenseFacts => {
  const { usage, endings, withheldSeats } = ended(facts, event, effectiveAt);
  const { revokedAt = facts.revokedAt, limits = facts.limits, products = facts.products } = changes;
  const { overuseStays = facts.overuseStays } = changes;
  const holderOrgId = changes.holderOrgId === undefined ? facts.holderOrgId : changes.holderOrgId;
  const offer = changes.offer === undefined ? facts.offer : changes.offer;
  const overrides = changes.overrides === undefined ? facts.overrides : changes.overrides;
  // Spreading a second object would make an object that is slow to read.
  return {
    ...facts,
    holderOrgId,
    offer,
    products,
    limits,
    revokedAt,
    usage,
    endings,
    withheldSeats,
    overuseStays,
    overrides,
  };
};

/**
 * Returns the facts after an event that announces what a decisive event ended; null for an event that announces
 * nothing. The usage stays: the decisive event has changed it already.
 */
export const withAnnouncement = (facts: LicenseFacts, event: LaterEvent): LicenseFacts | null => {
  const announced = announcedBy(facts.endings, event);
  return announced === null ? null : withUsage(facts, facts.usage, withAnnounced(facts.endings, announced));
};
