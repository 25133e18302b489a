import type { Ends } from '../../domain/license/endings/ending-events.ts';
import type { Ending, LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { change, sweep, type Write } from '../fold/changes.ts';
import { activations, deactivation } from './activations.ts';
import { leaseRelease, leases } from './leases.ts';
import { licenseUsers } from './license-users.ts';
import { groupOf } from './sweep.ts';

/** The tables of the parts of a license, which are opened and ended, and the names by which events count them. */
const partTables = [
  { table: activations, kind: 'activations', usedAs: 'activations' },
  { table: leases, kind: 'leases', usedAs: 'seats' },
  { table: licenseUsers, kind: 'users', usedAs: 'users' },
] as const;

/** What a decisive event ends. `product`: the product that it removes. */
export type Ended = {
  readonly ends: Ends | undefined;
  readonly cause: Ending['cause'];
  readonly product?: string;
  readonly at: Instant;
};

/** Returns the writes of a decisive event, which ends parts of a license. The parts stay with their holder. */
export const endWrites = (licenseId: string, { ends, cause, product, at }: Ended): readonly Write[] =>
  partTables.flatMap(({ table, kind }) => {
    const count = ends?.[kind] ?? 0;
    const { end } = groupOf(table);
    if (ends === undefined || end === null || count === 0) return [];
    return sweep(table, {
      group: { license_id: licenseId },
      product: ends.which === 'PRODUCT' ? (product ?? null) : null,
      oldest: ends.which === 'OLDEST' ? count : null,
      set: { [end]: at, cause },
      rows: count,
    });
  });

/** Returns the writes of an unassignment, which names the devices and leases that it ends. */
export const namedEndWrites = (owner: LicenseFacts, ends: Ends | undefined, at: Instant): readonly Write[] => {
  const { activations: devices = [], leases: seats = [] } = ends?.named ?? {};
  const cause = 'USER_UNASSIGNED';
  return [
    ...devices.map((activationId) => change(activations, deactivation({ activationId, cause }, at))),
    ...seats.map((leaseId) =>
      change(leases, leaseRelease(owner, { leaseId, cause, seatFreeAt: ends?.seatsFreeAt?.[leaseId] ?? null }, at)),
    ),
  ];
};

/**
 * Returns the writes of a transfer, which gives the open parts to the new holder. Ended parts stay with their holder.
 */
export const transferWrites = ({ licenseId, holderOrgId, usage }: LicenseFacts): readonly Write[] =>
  partTables.map(({ table, usedAs }) =>
    sweep(table, {
      group: { license_id: licenseId },
      product: null,
      oldest: null,
      set: { holder_org_id: holderOrgId },
      rows: usage[usedAs],
    }),
  );
