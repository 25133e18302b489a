import type { Catalog } from '../domain/catalog/catalog.ts';
import type { License } from '../domain/license/license.ts';
import type { Organization } from '../domain/organization/organization.ts';
import type { Reservation } from '../domain/reservation/reservation.ts';
import type { Fact, Folding } from './aggregate.ts';
import type { Folded } from './folded.ts';

/** Estimates the bytes that a folded stream takes in memory. Takes the same time for every size. */
export const weigh = <Event extends Fact, State>(
  { snapshots }: Folding<Event, State>,
  { state, nextRevision, commands }: Pick<Folded<State>, 'state' | 'nextRevision' | 'commands'>,
): number => snapshots.weigh(state, Number(nextRevision)) + commands.size * commandBytes;

// Bytes of heap, measured: tests/eventstore/weights.test.ts compares them with the heap.

/** Estimates the bytes that a folded license takes in memory. */
export const weighLicense = (license: License): number =>
  license.kind === 'unissued'
    ? small
    : 6_000 +
      license.activations.size * 700 +
      license.leases.size * 550 +
      (license.byFingerprint.size + license.leaseByHolder.size + license.borrowed.size) * 130 +
      license.lapsed.size * 650 +
      (license.deactivated.size + license.released.size + license.usageIds.size) * 230 +
      (license.users.size + license.withheld.size) * 230 +
      license.ended.reduce(
        (sum, { activations, leases, users }) => sum + activations.size * 830 + leases.size * 550 + users.size * 230,
        0,
      );

/** Estimates the bytes that a folded organization takes in memory. */
export const weighOrganization = (organization: Organization): number =>
  organization.kind === 'missing'
    ? small
    : 2_000 +
      (organization.members.size + organization.invitations.size + organization.apiKeys.size) * 450 +
      (organization.formerMembers.size + organization.projects.size) * 300;

/**
 * Estimates the bytes that a folded catalog takes in memory. `events`: how many were folded, because every version of a
 * policy is kept and counting the versions would visit every policy.
 */
export const weighCatalog = (_catalog: Catalog, events: number): number => 1_000 + events * 2_500;

/** Estimates the bytes that a folded reservation takes in memory. */
export const weighReservation = (_reservation: Reservation): number => small;

/** One remembered command id. */
const commandBytes = 450;

const small = 500;
