import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { valueAt } from '../../records/vault.ts';
import type { Refusal } from '../refusal.ts';

/** An invitation of an organization. */
export type InvitationPlace = { readonly organizationId: string; readonly invitationId: string };

/**
 * An invitation by its token. `isMailed` is true for the token that only the mail has: it proves the address. A token
 * that an inviter has seen proves nothing.
 */
export type PresentedInvitation = InvitationPlace & { readonly isMailed: boolean };

/** An invitation with the address of the invited person, which only the vault stores. */
export type AddressedInvitation = PresentedInvitation & { readonly email: string };

/** The refusal of an invitation that does not exist or has ended. */
export const noInvitation = reject('NOT_FOUND', 'There is no such invitation, or it has ended.');

/** Returns an invitation with the address of the invited person. Refuses an invitation that is unknown or has ended. */
export const findInvitation = async (
  { pool, executor }: { readonly pool: Pool; readonly executor: Executor },
  place: PresentedInvitation,
): Promise<AddressedInvitation | Refusal> => {
  const { organizationId, invitationId } = place;
  // The reference comes from the event. Other requests may have stored an address without an event.
  const emailRef = await executor.read(organizationAggregate, organizationId, (organization) =>
    organization.kind === 'missing' ? null : (organization.invitations.get(invitationId)?.emailRef ?? null),
  );
  const email = emailRef === null ? null : await asTenant(pool, organizationId, (db) => valueAt(db, emailRef));
  return email === null ? noInvitation : { ...place, email };
};
