import type { ReservationEvent } from '../../domain/reservation/reservation.ts';

/**
 * The events that are read, so that one which cannot be read is noticed, but of which no read model is made. A new one
 * without a case does not compile: whether it needs a table is to be decided.
 */
export const notProjected = (event: ReservationEvent): null => {
  switch (event.type) {
    case 'ReservationMade':
    case 'ReservationReleased':
      return null;
  }
};
