import type { Catalog } from '../domain/catalog/catalog.ts';
import type { IssuerLog } from '../domain/issuer-log/issuer-log.ts';
import type { License } from '../domain/license/license.ts';
import type { Organization } from '../domain/organization/organization.ts';
import type { Reservation } from '../domain/reservation/reservation.ts';

// The numbers are measured bytes of heap. tests/eventstore/weights.test.ts compares them with the heap.

/** Estimates the bytes that a folded license takes in memory. */
export const weighLicense = (license: License): number =>
  license.kind === 'unissued'
    ? small
    : 7_500 +
      license.activations.size * 320 +
      license.leases.size * 280 +
      (license.byFingerprint.size + license.leaseByHolder.size + license.borrowed.size) * 90 +
      license.lapsed.size * 400 +
      (license.deactivated.size + license.released.size) * 120 +
      (license.usageEventsAt.size + license.recentCorrections.size) * 350 +
      license.recentUses.size * 330 +
      license.users.size * 150 +
      license.withheld.size * 400 +
      license.paidTerms.size * 350 +
      license.ended.reduce(
        (sum, { activations, leases, users }) => sum + activations.size * 410 + leases.size * 280 + users.size * 150,
        0,
      );

/** Estimates the bytes that a folded organization takes in memory. */
export const weighOrganization = (organization: Organization): number =>
  organization.kind === 'missing'
    ? small
    : 2_000 +
      (organization.members.size + organization.invitations.size + organization.apiKeys.size) * 450 +
      (organization.formerMembers.size + organization.projects.size + organization.issuers.size) * 300;

/**
 * Estimates the bytes that a folded catalog takes in memory, from the number of its events besides releases. Counting
 * the versions of policies instead would visit every policy.
 */
export const weighCatalog = (catalog: Catalog, events: number): number => {
  const releases = catalog.kind === 'unopened' ? 0 : catalog.releases.size;
  return 1_000 + Math.max(events - releases, 0) * 2_500 + releases * 400;
};

/** Estimates the bytes that a folded reservation takes in memory. */
export const weighReservation = (_reservation: Reservation): number => small;

/** Estimates the bytes that a folded log of an issuer takes in memory: its names, keys and last checkpoint. */
export const weighIssuerLog = (_log: IssuerLog): number => 1_500;

const small = 500;
