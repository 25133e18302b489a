import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { type UnseenDevice, unseenCommandName } from '../../aggregates/command-names.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { Overloaded } from '../../eventstore/executor/stream-queue.ts';
import { systemContext } from '../../eventstore/executor/system-context.ts';
import { toDecide } from '../../eventstore/folding.ts';

/**
 * Announces or carries out the deactivation of devices of one license, under a command id that all workers share.
 * Returns true when this call changed the license. Throws Overloaded when others kept changing it, and as `execute`
 * does.
 */
export const releaseUnseen = async (
  executor: Executor,
  { licenseId, devices }: { readonly licenseId: string; readonly devices: readonly UnseenDevice[] },
  at: Instant,
): Promise<boolean> => {
  const context = systemContext(unseenCommandName(licenseId, devices), at);
  const seen = devices.map(({ activationId, lastSeenAt }) => ({ activationId, lastSeenAt }));
  const decide = toDecide(licenseAggregate, { type: 'ReleaseUnseen', data: { devices: seen }, at });
  const executed = await executor.execute(licenseAggregate, licenseId, decide, { context, view: () => null });
  if ('rejected' in executed && executed.rejected === 'CONCURRENT_MODIFICATION') throw new Overloaded(executed.detail);
  // This happens only when the read models differ from the log.
  if ('rejected' in executed) throw new Error(`${executed.rejected}: ${executed.detail}`);
  return executed.outcome === 'appended';
};
