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
      license.activations.size * 600 +
      license.byFingerprint.size * 60 +
      license.deactivated.size * 110 +
      license.users.size * 110 +
      license.leases.size * 400 +
      license.leaseByHolder.size * 60 +
      license.borrowed.size * 60 +
      license.lapsed.size * 450 +
      license.released.size * 110 +
      license.withheld.size * 160 +
      license.usageIds.size * 110;

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
