import { fromMs, type Instant, toMs } from '../../time.ts';
import type { LicenseFacts, LicenseOffer } from '../license.ts';
import type { OfferEnd, TransferEvent } from './transfer-events.ts';

/** The days that an offer is open. */
export const offeredForDays = 30;

/** Returns the offer that can be accepted at `at`. Returns null when there is none, or it has ended. */
export const openOffer = ({ offer }: Pick<LicenseFacts, 'offer'>, at: Instant): LicenseOffer | null =>
  offer !== null && offer.ended === null && at < offer.expiresAt ? offer : null;

/** Returns the event of an offer that is made at `at`. */
export const offered = (
  toHolderOrgId: string,
  { expiry, activations }: Pick<LicenseOffer, 'expiry' | 'activations'>,
  at: Instant,
): TransferEvent => {
  const expiresAt = fromMs(toMs(at) + offeredForDays * 86_400_000);
  return { type: 'LicenseOffered', data: { toHolderOrgId, expiresAt, expiry, activations } };
};

/** Returns the event of an offer that ends without a transfer. */
export const offerEnded = ({ toHolderOrgId }: LicenseOffer, cause: OfferEnd): TransferEvent => ({
  type: 'LicenseOfferEnded',
  data: { toHolderOrgId, cause },
});

/** Returns the end of the open offer when its issuer withdraws it, and nothing without one. */
export const withdrawOffer = (facts: LicenseFacts, at: Instant): readonly TransferEvent[] => {
  const open = openOffer(facts, at);
  return open === null ? [] : [offerEnded(open, 'WITHDRAWN')];
};
