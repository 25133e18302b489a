import { z } from 'zod';
import { type ReservationEvent, reservationKinds } from '../domain/reservation/reservation.ts';
import { type ChainRepaired, repairEvent } from '../eventstore/chain/repair-event.ts';
import { type Decoded, decodeWith } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { event, id } from './codec-fields.ts';
import { upcasters } from './upcasters.ts';

/** Decodes an event of a reservation stream. Throws UndecodableEvent. */
export const decodeReservation = (recorded: Recorded): Decoded<ReservationEvent | ChainRepaired> =>
  decodeWith(reservationEvent, recorded, upcasters);

const reservationEvent = z.discriminatedUnion('type', [
  event(
    'ReservationMade',
    z.object({ kind: z.enum(reservationKinds), issuerOrgId: id, owner: id, activationId: id.exactOptional() }),
  ),
  event('ReservationReleased', z.object({ owner: id })),
  repairEvent,
]) satisfies z.ZodType<ReservationEvent | ChainRepaired>;
