import type { Pool } from 'pg';
import type { Readiness } from '../api/health.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import type { Projector } from '../projections/run.ts';

type Needs = {
  readonly store: EventStore;
  readonly pool: Pool;
  readonly projector: Projector | null;
  readonly clockFault: () => Promise<string | null>;
};

const storeTimeoutMs = 2_000;

/** Asks every part that this process needs: Postgres, the event store, its clock, and its projector if it has one. */
export const readiness =
  ({ store, pool, projector, clockFault }: Needs) =>
  async (): Promise<Readiness> => {
    const [postgres, eventStore, fault] = await Promise.all([
      stateOf(pool.query('select 1')),
      stateOf(store.head({ timeoutMs: storeTimeoutMs })),
      clockFault(),
    ]);
    const parts = {
      postgres,
      eventStore,
      clock: fault ?? 'ok',
      ...(projector && { projector: projectorState(projector) }),
    };
    return { ready: Object.values(parts).every((state) => state === 'ok'), parts };
  };

const stateOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'ok',
    (error: unknown) => `does not answer (${error instanceof Error ? error.name : 'error'})`,
  );

const projectorState = (projector: Projector): string => {
  const state = projector.state();
  switch (state.kind) {
    case 'following':
    case 'standby':
      return 'ok';
    case 'waiting':
      return 'waiting: see the log';
    case 'starting':
    case 'stopped':
      return state.kind;
  }
};
