import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { lapseCommandName } from '../../aggregates/command-names.ts';
import type { LastSeen } from '../../domain/license/seats/seat-commands.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { Overloaded } from '../../eventstore/executor/stream-queue.ts';
import { systemContext } from '../../eventstore/executor/system-context.ts';
import { toDecide } from '../../eventstore/folding.ts';

/**
 * Ends a lease without heartbeats since `lastSeenAt`, under a command id that all callers share. Returns true when this
 * call ended it. Throws Overloaded when others kept changing the license. Throws when the license does not know the
 * lease, and as `execute` does.
 */
export const endLease = async (
  executor: Executor,
  lease: LastSeen & { readonly licenseId: string },
  at: Instant,
): Promise<boolean> => {
  const { licenseId, leaseId, lastSeenAt } = lease;
  const context = systemContext(lapseCommandName(lease), at);
  const decide = toDecide(licenseAggregate, { type: 'LapseLease', data: { leaseId, lastSeenAt }, at });
  const executed = await executor.execute(licenseAggregate, licenseId, decide, { context, view: () => null });
  if ('rejected' in executed && executed.rejected === 'CONCURRENT_MODIFICATION') throw new Overloaded(executed.detail);
  // This happens only when the read models differ from the log.
  if ('rejected' in executed) throw new Error(`${executed.rejected}: ${executed.detail}`);
  return executed.outcome === 'appended';
};
