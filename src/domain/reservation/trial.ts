import type { ReservationKind } from './reservation.ts';

/** One reservation to make: the hash of `fields`, in their order, names its stream together with `kind`. */
export type NeededReservation = { readonly kind: ReservationKind; readonly fields: readonly string[] };

/** A trial that is to be issued or put on a device; null: no holder organization, no device known yet. */
export type Trial = {
  readonly issuerOrgId: string;
  readonly products: readonly string[];
  readonly holderOrgId: string | null;
  readonly fingerprintHash: string | null;
};

/**
 * What must be reserved before a trial is issued or activated: of one issuer, each product once per holder and once per
 * device. Always in the same order, product by product, so that of two that want the same the first one met is refused
 * to one of them, and neither waits for the other. All or none: whoever is refused releases what it has reserved before.
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
