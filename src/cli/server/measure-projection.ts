import { Gauge, type Registry } from 'prom-client';
import type { Projector } from '../../projections/run-projector.ts';

/**
 * Adds the position, lag and health of the projection to the metrics. When `countParked` fails, the last count stays.
 */
export const measureProjection = (
  registry: Registry,
  projector: Projector,
  countParked: () => Promise<number>,
): void => {
  const gauge = (name: string, help: string, value: () => number | null | Promise<number | null>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const now = await value();
        if (now !== null) this.set(now);
      },
    });
  // A position is a log offset. As a float it is exact below 2^53, which a log does not reach.
  gauge('ledger_projection_position', 'Commit position up to which the read models are folded.', () => {
    const position = projector.position();
    return position === null ? null : Number(position);
  });
  gauge('ledger_projection_lag_seconds', 'From recording to projection of the last event.', () => {
    const lagMs = projector.lagMs();
    return lagMs === null ? null : lagMs / 1_000;
  });
  gauge(
    'ledger_projection_following',
    '1 while the projector follows the log or stands by for another one that does, 0 while something is wrong.',
    () => {
      const state = projector.state();
      return state.kind === 'following' || (state.kind === 'standby' && state.problem === undefined) ? 1 : 0;
    },
  );
  gauge('ledger_projection_parked_streams', 'Streams that the read models leave out: see ledger parked list.', () =>
    countParked().catch(() => null),
  );
};
