import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { startTermCommandName } from '../../aggregates/command-names.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { Overloaded } from '../../eventstore/executor/stream-queue.ts';
import { systemContext } from '../../eventstore/executor/system-context.ts';
import { toDecide } from '../../eventstore/folding.ts';
import type { Traced } from '../command-context.ts';
import { issuedFacts } from '../licenses/send-license-command.ts';

/** A license after its term has started, with the revision and position of its stream. */
export type StartedTerm = { readonly facts: LicenseFacts; readonly revision: bigint; readonly position: bigint };

/**
 * Starts the term that waits for the first validation, once, because concurrent validations send the same command.
 * Returns null when the term can no longer start, such as after a revocation. Then the license as read is the result.
 */
export const startTerm = async (
  executor: Executor,
  { call, actor }: { readonly call: Pick<Traced, 'requestId' | 'correlationId'>; readonly actor: Actor },
  facts: LicenseFacts,
  at: Instant,
): Promise<StartedTerm | null> => {
  const { correlationId, requestId: causationId } = call;
  const context = systemContext(startTermCommandName(facts), at, { actor, correlationId, causationId });
  const command = { type: 'StartTerm', data: { trigger: 'FIRST_VALIDATION' }, at } as const;
  const decide = toDecide(licenseAggregate, command);
  const executed = await executor.execute(licenseAggregate, facts.licenseId, decide, { context, view: issuedFacts });
  if ('rejected' in executed) {
    if (executed.rejected === 'CONCURRENT_MODIFICATION') throw new Overloaded(executed.detail);
    return null;
  }
  return { facts: executed.view, revision: executed.revision, position: executed.position.commit };
};
