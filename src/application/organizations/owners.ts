import { organizationAggregate } from '../../aggregates/aggregates.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';

/** Returns the owners of an organization by its current state. A closed organization has none. */
export const ownersOf = async (executor: Executor, organizationId: string): Promise<readonly string[]> => {
  const owners = await executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' || organization.closedAt !== null
      ? null
      : [...organization.members].flatMap(([userId, { role }]) => (role === 'OWNER' ? [userId] : [])),
  );
  return owners ?? [];
};
