import type { Organization } from '../../domain/organization/organization.ts';
import { organizationAggregate } from '../../eventstore/aggregate.ts';
import type { Executor } from '../../eventstore/execute.ts';
import { type Problem, problem } from '../problems.ts';

/**
 * Refuses a holder that is no organization, or a closed one, at `pointer`; null where it may hold a license, or none is
 * named. Asked of its stream: read models show nobody another organization. Throws as `read` does.
 */
export const noSuchHolder = async (
  executor: Executor,
  organizationId: string | null,
  pointer: string,
): Promise<Problem | null> => {
  if (organizationId === null) return null;
  if ((await executor.read(organizationAggregate, organizationId, isActive)) !== null) return null;
  const detail = 'There is no such organization.';
  return problem('INVALID_REQUEST', detail, [{ pointer, detail }]);
};

const isActive = (organization: Organization): true | null =>
  organization.kind === 'created' && organization.closedAt === null ? true : null;
