import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import type { Refusal } from '../refusal.ts';

type Parties = { readonly issuerOrgId: string; readonly holderOrgId: string | null };

/** The holder that a request names. `offerTo`: the same organization when it must accept the license first. */
export type FoundHolder = { readonly holderOrgId: string | null; readonly offerTo: string | null };

/**
 * Returns the holder that a request names at this place of its input. An organization holds its own licenses, and those
 * of issuers that it consents to. Every other license is offered to it. Refuses an organization that is not open. Reads
 * the stream, because read models show nobody another organization. Throws as `read` does.
 */
export const findHolder = async (
  executor: Executor,
  { issuerOrgId, holderOrgId }: Parties,
  place: string,
): Promise<FoundHolder | Refusal> => {
  if (holderOrgId === null) return { holderOrgId, offerTo: null };
  const standing = await executor.read(organizationAggregate, holderOrgId, (organization) => ({
    isOpen: isOpen(organization),
    consents: organization.kind === 'created' && organization.issuers.get(issuerOrgId)?.decision === 'TRUSTED',
  }));
  if (!standing.isOpen) return noOrganization(place);
  return standing.consents || holderOrgId === issuerOrgId
    ? { holderOrgId, offerTo: null }
    : { holderOrgId: null, offerTo: holderOrgId };
};

/** Refuses an organization that is not open, at this place of the input. Throws as `read` does. */
export const refuseClosed = async (
  executor: Executor,
  organizationId: string,
  place: string,
): Promise<Refusal | null> =>
  (await executor.read(organizationAggregate, organizationId, isOpen)) ? null : noOrganization(place);

const noOrganization = (place: string): Refusal => reject('INVALID_REQUEST', 'There is no such organization.', place);

const isOpen = (organization: Organization): boolean =>
  organization.kind === 'created' && organization.closedAt === null;
