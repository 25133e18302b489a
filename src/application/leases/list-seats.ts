import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { seatEndsAt } from '../../domain/license/seats/seats-in-use.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { type SeatPlace, type TakenSeat, takenSeats } from '../../projections/queries/taken-seats.ts';
import { readCurrentRows } from '../reading/parked-license.ts';
import type { Refusal } from '../refusal.ts';

/**
 * A seat in use. `until`: when it ends without a further heartbeat. `released`: its borrowed lease was given back, and
 * the seat stays taken until the borrow ends.
 */
export type SeatInUse = Omit<TakenSeat, 'ttlSeconds' | 'expiresAt'> & {
  readonly until: Instant;
  readonly released: boolean;
};

/**
 * Returns a page of the seats of a license that count as taken now, newest first. Leaves out seats that have lapsed,
 * also those that no event has ended yet.
 */
export const listSeats = async (
  needs: { readonly pool: Pool; readonly executor: Executor; readonly now: () => Instant },
  organizationId: string,
  licenseId: string,
  page: { readonly limit: number; readonly after: SeatPlace | null },
): Promise<readonly SeatInUse[] | Refusal> => {
  const now = needs.now();
  return readCurrentRows(needs, organizationId, licenseId, async (db, { leases: ended }, facts) => {
    const withheld = new Map(facts.withheldSeats.map(({ leaseId, freeAt }) => [leaseId, freeAt]));
    const stillTaken = [...withheld].flatMap(([leaseId, freeAt]) => (freeAt > now ? [leaseId] : []));
    const { issuerOrgId } = facts;
    const seats = await takenSeats(db, { issuerOrgId, licenseId, now, ended, withheld: stillTaken, ...page });
    return seats.map((seat) => seatInUse(facts, seat, withheld.get(seat.id) ?? null));
  });
};

const seatInUse = (
  facts: LicenseFacts,
  { ttlSeconds, expiresAt, ...seat }: TakenSeat,
  freeAt: Instant | null,
): SeatInUse => {
  const lease = { borrow: seat.borrowed, expiresAt, ttlSeconds };
  return { ...seat, until: freeAt ?? seatEndsAt(facts, lease, seat.lastHeartbeatAt), released: freeAt !== null };
};
