import type { Recorded } from '../../eventstore/event-store.ts';
import type { Log } from '../../postgres/log.ts';
import { lacksEntry } from './log-entry.ts';

/** Logs those of some events as errors that have no place in the log of an issuer. Call it once they are written. */
export const reportUnlogged = (log: Pick<Log, 'error'>, events: readonly Recorded[]): void => {
  for (const { stream, revision, id } of events.filter(lacksEntry))
    log.error(
      { stream, revision: `${revision}`, eventId: id },
      'An event has no valid envelope, so it has no place in the log of an issuer: this program did not write it.',
    );
};
