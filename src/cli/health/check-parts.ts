import type { Pool } from 'pg';
import type { Trouble } from '../../api/monitoring/part-health.ts';
import { readModelsFault } from '../../projections/level.ts';
import type { ProjectorState } from '../../projections/projector-state.ts';
import type { Checked } from './note-since.ts';

/** The state of a process that decides whether it can answer validations correctly. */
export type ReadinessFacts = {
  readonly isStopping: boolean;
  /** False while a process with the role api does not listen yet. */
  readonly isServing: boolean;
  readonly clockFault: string | null;
  /** True when the process lacks a secret that keys need. */
  readonly lacksSecrets: boolean;
  /** The error of Postgres, or what the read models lack (null: nothing). */
  readonly readModels: { readonly error: unknown } | { readonly fault: string | null };
};

/** Returns the parts without which a process cannot answer validations correctly. */
export const readinessParts = ({
  isStopping,
  isServing,
  clockFault,
  lacksSecrets,
  readModels,
}: ReadinessFacts): readonly Checked[] => [
  { part: 'process', trouble: isStopping ? failing('is stopping', 'STOPPING') : null },
  ...('error' in readModels
    ? [{ part: 'postgres', trouble: failing(`does not answer (${nameOf(readModels.error)})`, 'DATABASE_CONNECTION') }]
    : [
        { part: 'postgres', trouble: null },
        {
          part: 'readModels',
          trouble: readModels.fault === null ? null : failing(readModels.fault, 'NOT_LEVEL'),
        },
      ]),
  { part: 'clock', trouble: clockFault === null ? null : failing(clockFault, 'CLOCK') },
  {
    part: 'secrets',
    trouble: lacksSecrets ? failing('a secret is missing: the log of this process names it', 'SECRETS') : null,
  },
  ...(isServing ? [] : [{ part: 'api', trouble: failing('starts', 'STARTING') }]),
];

/** Asks Postgres for what the read models lack, for at most `timeoutMs`. Does not throw. */
export const askReadModels = async (pool: Pool, timeoutMs: number): Promise<ReadinessFacts['readModels']> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<ReadinessFacts['readModels']>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, { error: new Error(`No answer within ${timeoutMs} ms.`) });
  });
  const answer = readModelsFault(pool).then(
    (fault) => ({ fault }),
    (error: unknown) => ({ error }),
  );
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
};

/** With an older unread event of the log than this a process is degraded. */
export const lagMaxMs = 30_000;

/** What a process last measured of the parts that it can do without for a time. */
export type ServiceFacts = {
  /** The error of the event store, or null when it answered. */
  readonly eventStoreError: unknown;
  readonly lagMs: number;
  /** The state of the projector of this process. Null without that role. */
  readonly ownProjector: ProjectorState | null;
  /** Whether any process has a projector that works or can take over. Null: unknown. */
  readonly isProjectorAlive: boolean | null;
  /** What is wrong with the disks, or null. */
  readonly diskFault: string | null;
  /** What is wrong with the notary of this process, or null. */
  readonly notaryFault: string | null;
};

/** Returns the parts that a process can do without for a time: it still answers validations correctly. */
export const serviceParts = (facts: ServiceFacts): readonly Checked[] => [
  {
    part: 'eventStore',
    trouble:
      facts.eventStoreError === null
        ? null
        : degraded(`does not answer (${nameOf(facts.eventStoreError)}): commands fail, reads continue`),
  },
  { part: 'projector', trouble: projectorTrouble(facts) },
  {
    part: 'lag',
    trouble:
      facts.lagMs <= lagMaxMs
        ? null
        : degraded(`the read models lack events that were recorded more than ${lagMaxMs / 1_000} seconds ago`),
  },
  { part: 'disk', trouble: facts.diskFault === null ? null : degraded(facts.diskFault) },
  { part: 'notary', trouble: facts.notaryFault === null ? null : degraded(facts.notaryFault) },
];

const projectorTrouble = ({ ownProjector, isProjectorAlive }: ServiceFacts): Trouble | null => {
  if (ownProjector?.kind === 'waiting') return degraded('waits: the log of this process says why');
  if (ownProjector?.kind === 'standby' && ownProjector.problem !== undefined)
    return degraded(`stands by: ${ownProjector.problem}`);
  if (ownProjector === null && isProjectorAlive === false)
    return degraded('no projector is active: start a process with the role projector');
  return null;
};

/** Returns whether a projector works or can take over. Returns null without a projector. */
export const projects = (state: ProjectorState | null): boolean | null => {
  if (state === null) return null;
  return (
    state.kind === 'following' || state.kind === 'starting' || (state.kind === 'standby' && state.problem === undefined)
  );
};

const failing = (reason: string, cause: Extract<Trouble, { state: 'failing' }>['cause']): Trouble => ({
  state: 'failing',
  reason,
  cause,
});
const degraded = (reason: string): Trouble => ({ state: 'degraded', reason });

// The messages of errors can name addresses, and everybody may read the answer.
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'error');
