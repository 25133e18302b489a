import { organizationAggregate } from '../../aggregates/aggregates.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import type { TurnPlace } from '../../records/turns.ts';

/** Returns the owners of an organization by its current state. A closed organization has none. */
export const ownersOf = async (executor: Executor, organizationId: string): Promise<readonly string[]> => {
  const owners = await executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' || organization.closedAt !== null
      ? null
      : [...organization.members].flatMap(([userId, { role }]) => (role === 'OWNER' ? [userId] : [])),
  );
  return owners ?? [];
};

/**
 * The turn to change who is an OWNER that can sign in. Postgres stores whether a user can sign in, and the event store
 * who is an OWNER, so only one change at a time may decide by both.
 */
export const ownersTurn = (organizationId: string, token: string): TurnPlace => ({
  organizationId,
  key: 'owners',
  token,
});
