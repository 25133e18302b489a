import { organizationAggregate } from '../../src/aggregates/aggregates.ts';
import type { OrganizationCommand } from '../../src/domain/organization/commands.ts';
import { context, send as sendCommand } from './commands.ts';
import type { Ledger } from './ledger.ts';

type Ordered = OrganizationCommand extends infer Command
  ? Command extends OrganizationCommand
    ? Pick<Command, 'type' | 'data'>
    : never
  : never;

/** Does something with an organization as the product itself, whoever may; waits until it is projected. */
export const ordain = async (ledger: Ledger, organizationId: string, ...orders: readonly Ordered[]): Promise<void> => {
  for (const order of orders) {
    const command = { ...order, at: ledger.needs.now(), by: { type: 'SYSTEM' } } as const;
    const done = await sendCommand(
      ledger.executor,
      organizationAggregate,
      organizationId,
      command,
      context(),
      () => null,
    );
    if ('rejected' in done) throw new Error(`${order.type}: ${done.detail}`);
    await ledger.projected.waitFor(done.position.commit, 10_000);
  }
};
