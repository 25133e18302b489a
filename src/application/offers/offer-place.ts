import { reservationAggregate } from '../../aggregates/aggregates.ts';
import { reservationId } from '../../aggregates/derived-ids.ts';
import { reject } from '../../domain/decider.ts';
import { openOffersMax, placesOf } from '../../domain/reservation/offer-places.ts';
import type { Reservation } from '../../domain/reservation/reservation.ts';
import type { NeededReservation } from '../../domain/reservation/trial.ts';
import { abandonedOwner, type Reserving, sendToReservation } from '../licenses/issue/reserve.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** The receiver of an offer, and the member of the input that names it. */
export type Receiver = { readonly holderOrgId: string; readonly place: string };

/**
 * Does `work`, which offers a license to an organization, while the issuer has fewer open offers to it than the limit.
 * Each open offer has a place, which is a reservation. So the limit is exact with any number of processes. A place is
 * free again when its offer is no longer open, and at the earliest a minute after it was taken.
 */
export const withOfferPlace = async <Answer extends object>(
  reserving: Reserving,
  { holderOrgId, place }: Receiver,
  work: () => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> => {
  const places = await Promise.all(
    placesOf(reserving.issuerOrgId, holderOrgId).map((needed) => readPlace(reserving, needed)),
  );
  // A license has one open offer at most, so it takes its own earlier place again.
  const ownFirst = places.toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn));
  for (const candidate of ownFirst) if (await take(reserving, candidate)) return work();
  return tooMany(place);
};

/**
 * Frees the places that a refused new license took. Only for a license that no other request can offer meanwhile.
 */
export const withNewOfferPlace = async <Answer extends object>(
  reserving: Reserving,
  receiver: Receiver,
  work: () => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> => {
  const answer = await withOfferPlace(reserving, receiver, work);
  if (!isRefusal(answer) || answer.rejected === 'OFFER_LIMIT_EXCEEDED') return answer;
  for (const needed of placesOf(reserving.issuerOrgId, receiver.holderOrgId)) {
    const { id, isOwn } = await readPlace(reserving, needed);
    if (isOwn) await sendToReservation(reserving, id, { type: 'Release', data: { owner: reserving.licenseId } });
  }
  return answer;
};

type Place = {
  readonly needed: NeededReservation;
  readonly id: string;
  readonly isOwn: boolean;
  readonly isFree: boolean;
};

const readPlace = async ({ executor, licenseId }: Reserving, needed: NeededReservation): Promise<Place> => {
  const id = reservationId(needed);
  const owner = await executor.read(reservationAggregate, id, ownerOf);
  return { needed, id, isOwn: owner === licenseId, isFree: owner === null };
};

const ownerOf = (reservation: Reservation): string | null => (reservation.kind === 'unmade' ? null : reservation.owner);

/** Returns true when the license has the place now. A taken place begins anew, so that nobody takes it over meanwhile. */
const take = async (reserving: Reserving, { needed, id, isOwn, isFree }: Place): Promise<boolean> => {
  const { issuerOrgId, licenseId: owner } = reserving;
  const abandonedBy = isOwn ? owner : isFree ? null : await abandonedOwner(reserving, id, needed);
  if (abandonedBy === null && !isFree) return false;
  const data = { kind: needed.kind, issuerOrgId, owner, ...(abandonedBy === null ? {} : { abandonedBy }) };
  const sent = await sendToReservation(reserving, id, { type: 'Reserve', data });
  return !('rejected' in sent);
};

const tooMany = (place: string): Refusal =>
  reject(
    'OFFER_LIMIT_EXCEEDED',
    `This organization has ${openOffersMax} open offers of yours. Wait until it answers, or withdraw one by a transfer. ` +
      'Each offer counts for at least a minute.',
    place,
  );
