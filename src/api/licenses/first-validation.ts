import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseAggregate, toDecide } from '../../eventstore/aggregate.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executor } from '../../eventstore/execute.ts';
import { startTermCommandName } from '../../eventstore/ids.ts';
import { Overloaded } from '../../eventstore/stream-queue.ts';
import { systemContext } from '../../eventstore/system-context.ts';
import type { Call } from '../route.ts';
import { issuedFacts } from './send-command.ts';

/** A license whose term has begun, with where its stream is. */
export type Begun = { readonly facts: LicenseFacts; readonly revision: bigint; readonly position: bigint };

/**
 * Begins the term that waits for the first validation, once: all who validate at that moment send the same command. Null when
 * the license has become one that this cannot begin, as by a revocation; then the answer is what was read.
 */
export const beginTerm = async (
  executor: Executor,
  call: Call,
  facts: LicenseFacts,
  actor: Actor,
  at: Instant,
): Promise<Begun | null> => {
  const { correlationId, requestId: causationId } = call;
  const context = systemContext(startTermCommandName(facts), at, { actor, correlationId, causationId });
  const command = { type: 'StartTerm', data: { trigger: 'FIRST_VALIDATION' }, at } as const;
  const executed = await executor.execute(
    licenseAggregate,
    facts.licenseId,
    toDecide(licenseAggregate, command),
    context,
    issuedFacts,
  );
  if ('rejected' in executed) {
    if (executed.rejected === 'CONCURRENT_MODIFICATION') throw new Overloaded(executed.detail);
    return null;
  }
  return { facts: executed.view, revision: executed.revision, position: executed.position.commit };
};
