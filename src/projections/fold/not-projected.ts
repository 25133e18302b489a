import type { IssuerLogEvent } from '../../domain/issuer-log/issuer-log.ts';
import type { ReservationEvent } from '../../domain/reservation/reservation.ts';

/**
 * Lists the events that no read model is made of. They are read only to detect events that cannot be read. A new event
 * without a case does not compile, so that its author decides whether it needs a table.
 */
export const notProjected = (event: ReservationEvent | IssuerLogEvent): null => {
  switch (event.type) {
    case 'ReservationMade':
    case 'ReservationReleased':
    // The notary writes the rows of these, in ops.log_checkpoints and ops.log_keys.
    case 'LogStarted':
    case 'CheckpointSigned':
    case 'LogKeyRotated':
    case 'LogRestarted':
      return null;
  }
};
