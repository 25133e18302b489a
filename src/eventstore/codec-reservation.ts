import { z } from 'zod';
import { type ReservationEvent, reservationKinds } from '../domain/reservation/reservation.ts';
import { event, id } from './codec-fields.ts';
import { type ChainRepaired, repairEvent } from './codec-repair.ts';
import { type Decoded, decodeWith } from './envelope.ts';
import type { Recorded } from './event-store.ts';

/** Decodes an event of a reservation stream. Throws UndecodableEvent. */
export const decodeReservation = (recorded: Recorded): Decoded<ReservationEvent | ChainRepaired> =>
  decodeWith(reservationEvent, recorded);

const reservationEvent = z.discriminatedUnion('type', [
  event('ReservationMade', z.object({ kind: z.enum(reservationKinds), issuerOrgId: id, owner: id })),
  event('ReservationReleased', z.object({ owner: id })),
  repairEvent,
]) satisfies z.ZodType<ReservationEvent | ChainRepaired>;
