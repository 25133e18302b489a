import type { Pool } from 'pg';
import type { Readiness } from '../../api/monitoring/health.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { readModelsFault } from '../../projections/level.ts';
import type { Projector } from '../../projections/run-projector.ts';

type Needs = {
  readonly store: EventStore;
  readonly pool: Pool;
  readonly projector: Projector | null;
  readonly clockFault: () => Promise<string | null>;
  /** Whether the API listens already. True in a process without the role api. */
  readonly isServing: () => boolean;
};

const storeTimeoutMs = 2_000;

/**
 * Returns what checks every part that this process needs: Postgres, the event store, its clock, the read models, its
 * projector and its own port. `pool` has the role ledger_api.
 */
export const readiness =
  ({ store, pool, projector, clockFault, isServing }: Needs) =>
  async (): Promise<Readiness> => {
    const [fault, eventStore, clock] = await Promise.all([
      readModelsFault(pool).then(
        (sentence) => ({ postgres: 'ok', readModels: sentence ?? 'ok' }),
        (error: unknown) => ({ postgres: silent(error) }),
      ),
      store.head({ timeoutMs: storeTimeoutMs }).then(() => 'ok', silent),
      clockFault(),
    ]);
    const servers = { ...fault, eventStore, clock: clock ?? 'ok' };
    const parts = {
      ...servers,
      ...(projector === null ? {} : { projector: projectorState(projector) }),
      ...(isServing() ? {} : { api: 'starting' }),
    };
    const faults = Object.entries(parts).filter(([, state]) => state !== 'ok');
    // The projector waits until the read models of this release serve.
    const isLate = (part: string) =>
      part === 'readModels' || part === 'api' || (part === 'projector' && waitsFor.has(projector?.state().kind ?? ''));
    return { ready: faults.length === 0, notYet: faults.every(([part]) => isLate(part)), parts };
  };

const waitsFor: ReadonlySet<string> = new Set(['starting', 'standby']);

const silent = (error: unknown): string => `does not answer (${error instanceof Error ? error.name : 'error'})`;

const projectorState = (projector: Projector): string => {
  const state = projector.state();
  switch (state.kind) {
    case 'following':
      return 'ok';
    case 'standby':
      return state.problem === undefined ? 'ok' : `stands by: ${state.problem}`;
    case 'waiting':
      return 'waiting: see the log';
    case 'starting':
    case 'stopped':
      return state.kind;
  }
};
