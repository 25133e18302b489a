import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { invitationToHandOut } from '../../domain/organization/decide-invitations.ts';
import type { Invitation } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { valueAt } from '../../records/vault.ts';
import { actingOf, type Caller } from '../caller.ts';
import type { Refusal } from '../refusal.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/** An open invitation with the address of the invited person. */
export type OpenInvitation = Invitation & { readonly invitationId: string; readonly email: string | null };

/** Returns an open invitation of the caller's organization to a member who may hand out its token. */
export const handOutInvitation = async (
  { executor, pool, now }: Needs,
  caller: Caller,
  invitationId: string,
): Promise<OpenInvitation | Refusal> => {
  const { organizationId } = caller;
  const request = { invitationId, by: actingOf(caller), at: now() };
  const invitation = await executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' ? noOrganization : invitationToHandOut(organization, request),
  );
  if ('rejected' in invitation) return invitation;
  const email = await asTenant(pool, organizationId, (db) => valueAt(db, invitation.emailRef));
  return { ...invitation, invitationId, email };
};

const noOrganization = reject('ORGANIZATION_NOT_FOUND', 'There is no such organization.');
