import type { ReservationKind } from './reservation.ts';

/** A required reservation: `kind` and the hash of `fields`, in their order, name its stream. */
export type NeededReservation = { readonly kind: ReservationKind; readonly fields: readonly string[] };

/** A trial to issue or to activate; null: without holder organization, without a known device. */
export type Trial = {
  readonly issuerOrgId: string;
  readonly products: readonly string[];
  readonly holderOrgId: string | null;
  readonly fingerprintHash: string | null;
  /** Hashes of the forms of the e-mail address that the trial is for; absent: no address is known. */
  readonly addressHashes?: readonly string[];
};

/**
 * Returns the reservations that a trial needs before it is issued or activated: each product of an issuer once per
 * holder, once per device and once per e-mail address. The order is always the same, so of two concurrent trials one fails at the first common
 * product and neither waits for the other. A refused trial releases its earlier reservations.
 */
export const trialReservations = (trial: Trial): readonly NeededReservation[] => {
  const { issuerOrgId, holderOrgId, fingerprintHash, addressHashes = [] } = trial;
  return [...new Set(trial.products)].toSorted().flatMap((product): NeededReservation[] => [
    ...(holderOrgId === null ? [] : [{ kind: 'trial_holder' as const, fields: [issuerOrgId, product, holderOrgId] }]),
    ...(fingerprintHash === null
      ? []
      : [{ kind: 'trial_device' as const, fields: [issuerOrgId, product, fingerprintHash] }]),
    // In one order for all trials, however their addresses are written.
    ...addressHashes
      .toSorted()
      .map((hash) => ({ kind: 'trial_address' as const, fields: [issuerOrgId, product, hash] })),
  ]);
};
