import type { Pool } from 'pg';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import type { IssuerLog, IssuerLogCommand } from '../domain/issuer-log/issuer-log.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import { type CommandContext, commandContext } from '../eventstore/executor/waiting.ts';
import { toDecide } from '../eventstore/folding.ts';
import { newCommandId } from '../eventstore/uuids.ts';
import type { CheckpointCopies } from './checkpoint-copies.ts';

/** What signing needs. `pool`: of ledger_worker. `installation`: the name of the installation in new logs. */
export type NotaryContext = {
  readonly pool: Pool;
  readonly executor: Executor;
  readonly store: Pick<EventStore, 'read' | 'readBackwards'>;
  readonly keysDirectory: string;
  readonly copies: CheckpointCopies;
  readonly installation: string;
  readonly now: () => Date;
  /** Tells the operator something that is no fault. */
  readonly note: (sentence: string) => void;
};

/** The notary does not sign a log. The message is a sentence that names the log and says what to do. */
export class NotSigned extends Error {
  override readonly name = 'NotSigned';
}

/** The log of an issuer, and the revision of its last event: -1 without one. */
export type KnownLog = { readonly log: IssuerLog; readonly revision: bigint };

/** Returns the current state of the log of an issuer. */
export const readIssuerLog = (executor: Pick<Executor, 'read'>, organizationId: string): Promise<KnownLog> =>
  executor.read(issuerLogAggregate, organizationId, (log, revision) => ({ log, revision }));

/**
 * Sends a command to the log of an issuer at this revision, and returns its state after it. Returns null when the log
 * has another revision by now. Throws NotSigned for a refusal.
 */
export const sendToLog = async (
  { executor, now }: Pick<NotaryContext, 'executor' | 'now'>,
  organizationId: string,
  { expectedRevision, actorId = 'notary', ...command }: LogCommand,
): Promise<KnownLog | null> => {
  const at = now().toISOString();
  const context: CommandContext = commandContext({
    at,
    commandId: newCommandId(),
    requestHash: 'none',
    actor: { type: 'SYSTEM', id: actorId, onBehalfOf: null },
    expectedRevision: expectedRevision < 0n ? null : expectedRevision,
  });
  const decide = toDecide(issuerLogAggregate, { ...command, at } as IssuerLogCommand);
  const result = await executor.execute(issuerLogAggregate, organizationId, decide, { context, view: (log) => log });
  if (!('rejected' in result)) return { log: result.view, revision: result.revision };
  if (result.rejected === 'REVISION_MISMATCH' || result.rejected === 'CONCURRENT_MODIFICATION') return null;
  throw new NotSigned(result.detail);
};

/** A command without its instant, and who sends it. */
type LogCommand = Omit<IssuerLogCommand, 'at'> & { readonly expectedRevision: bigint; readonly actorId?: string };
