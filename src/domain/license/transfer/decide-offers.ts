import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { give, refuseTransfer, resetEnd } from './decide-transfer.ts';
import { offerEnded, offered, openOffer, withdrawOffer } from './license-offer.ts';

/**
 * Offers the license to an organization that has not consented to its issuer. The holder stays until the offer is
 * accepted. Replaces another open offer. Changes nothing while the same offer is open.
 */
export const offerLicense = ({ data, at }: CommandOf<'OfferLicense'>, license: IssuedLicense): LicenseDecision => {
  const { toHolderOrgId, expiry, activations } = data;
  const { facts } = license;
  if (facts.holderOrgId === toHolderOrgId) return withdrawOffer(facts, at);
  const refusal = refuseTransfer(facts);
  if (refusal !== null) return refusal;
  const expiresAt = resetEnd(license, data, at);
  if (expiresAt !== null && typeof expiresAt !== 'string') return expiresAt;
  const open = openOffer(facts, at);
  const isSame = open?.toHolderOrgId === toHolderOrgId && open.expiry === expiry && open.activations === activations;
  return isSame ? [] : [offered(toHolderOrgId, data, at)];
};

/** Carries out the transfer that is offered to this organization. Changes nothing when it holds the license. */
export const acceptOffer = (
  { data: { holderOrgId, ...key }, at }: CommandOf<'AcceptOffer'>,
  license: IssuedLicense,
): LicenseDecision => {
  if (license.facts.holderOrgId === holderOrgId) return [];
  const open = openOffer(license.facts, at);
  return open?.toHolderOrgId === holderOrgId ? give(license, { ...open, ...key }, at) : noSuchOffer;
};

/** Ends the offer to this organization. Changes nothing when the organization has declined it. */
export const declineOffer = (
  { data: { holderOrgId }, at }: CommandOf<'DeclineOffer'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  if (facts.offer?.toHolderOrgId !== holderOrgId) return noSuchOffer;
  if (facts.offer.ended === 'DECLINED') return [];
  const open = openOffer(facts, at);
  return open === null ? noSuchOffer : [offerEnded(open, 'DECLINED')];
};

/** The refusal for an offer that does not exist, that has ended, or that is for another organization. */
export const noSuchOffer = reject('NOT_FOUND', 'There is no such offer, or it has ended.');
