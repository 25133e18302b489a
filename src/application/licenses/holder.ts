import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import type { Refusal } from '../refusal.ts';

/**
 * Refuses a holder that is not an open organization, at this place of the input. Returns null for an open organization,
 * and without a holder. Reads the stream, because read models show nobody another organization. Throws as `read` does.
 */
export const refuseHolder = async (
  executor: Executor,
  organizationId: string | null,
  place: string,
): Promise<Refusal | null> => {
  if (organizationId === null || (await executor.read(organizationAggregate, organizationId, isOpen))) return null;
  return reject('INVALID_REQUEST', 'There is no such organization.', place);
};

const isOpen = (organization: Organization): boolean =>
  organization.kind === 'created' && organization.closedAt === null;
