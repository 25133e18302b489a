import { organizationAggregate } from '../../src/aggregates/aggregates.ts';
import type { OrganizationCommand } from '../../src/domain/organization/commands.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import type { ProjectedWaiter } from '../../src/projections/projected.ts';
import { context, send as sendCommand } from './commands.ts';

type Ordered = OrganizationCommand extends infer Command
  ? Command extends OrganizationCommand
    ? Pick<Command, 'type' | 'data'>
    : never
  : never;

/** What sends commands to organizations, of a product that runs. */
type Ordaining = {
  readonly executor: Executor;
  readonly needs: { readonly now: () => string };
  readonly projected: Pick<ProjectedWaiter, 'waitFor'>;
};

/** Does something with an organization as the product itself, whoever may; waits until it is projected. */
export const ordain = async (
  ledger: Ordaining,
  organizationId: string,
  ...orders: readonly Ordered[]
): Promise<void> => {
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

/** Lets an organization consent to hold the licenses of an issuer. Consenting again changes nothing. */
export const consent = async (ledger: Ordaining, holderOrgId: string, issuerOrgId: string): Promise<void> => {
  if (holderOrgId !== issuerOrgId) await ordain(ledger, holderOrgId, { type: 'TrustIssuer', data: { issuerOrgId } });
};

/** Lets two organizations hold each other's licenses, and returns them. */
export const trustEachOther = async <Pair extends readonly [Named, Named]>(
  ledger: Ordaining,
  pair: Pair,
): Promise<Pair> => {
  const [{ organizationId: one }, { organizationId: other }] = pair;
  await Promise.all([consent(ledger, one, other), consent(ledger, other, one)]);
  return pair;
};

type Named = { readonly organizationId: string };
