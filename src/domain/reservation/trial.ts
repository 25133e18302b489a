import type { ReservationKind } from './reservation.ts';

/** A required reservation: `kind` and the hash of `fields`, in their order, name its stream. */
export type NeededReservation = { readonly kind: ReservationKind; readonly fields: readonly string[] };

/** A trial to issue or to activate; null: without holder organization, without a known device. */
export type Trial = {
  readonly issuerOrgId: string;
  readonly products: readonly string[];
  readonly holderOrgId: string | null;
  readonly fingerprintHash: string | null;
};

/**
 * Returns the reservations that a trial needs before it is issued or activated: each product of an issuer once per
 * holder and once per device. The order is always the same, so of two concurrent trials one fails at the first common
 * product and neither waits for the other. A refused trial releases its earlier reservations.
 */
export const trialReservations = (trial: Trial): readonly NeededReservation[] => {
  const { issuerOrgId, holderOrgId, fingerprintHash } = trial;
  return [...new Set(trial.products)]
    .toSorted()
    .flatMap((product): NeededReservation[] => [
      ...(holderOrgId === null ? [] : [{ kind: 'trial_holder' as const, fields: [issuerOrgId, product, holderOrgId] }]),
      ...(fingerprintHash === null
        ? []
        : [{ kind: 'trial_device' as const, fields: [issuerOrgId, product, fingerprintHash] }]),
    ]);
};
