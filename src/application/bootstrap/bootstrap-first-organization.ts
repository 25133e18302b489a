import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { type Scope, scopes } from '../../domain/organization/events.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { addressOfUser, findUserByEmail, setPassword } from '../../identity/users.ts';
import { organizationIdOf } from '../organizations/create-organization.ts';
import { bootstrapApiKey } from './bootstrap-api-key.ts';
import type { BootstrapNeeds } from './bootstrap-context.ts';
import { bootstrapOrganization } from './bootstrap-organization.ts';
import { bootstrapOwner, ownerIdOf } from './bootstrap-owner.ts';

type Needs = BootstrapNeeds & { readonly pool: Pool; readonly secrets: Secrets };

/** The first organization of a server, with its OWNER and an API key. All ids follow from the command id (a UUID). */
export type FirstOrganization = {
  readonly commandId: string;
  readonly organization: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly apiKeyName: string;
};

/** The organization that exists now. `position` is that of its last event. `apiKey` is stored nowhere. */
export type CreatedFirst = {
  readonly organizationId: string;
  readonly userId: string;
  readonly apiKeyId: string;
  readonly apiKey: string;
  readonly scopes: readonly Scope[];
  readonly position: bigint;
};

/** Why nothing was created, and what to do, as a sentence for the operator. */
export type NotCreated = { readonly refusal: string };

/**
 * Creates an organization, its OWNER and an API key with every scope. A retry with the same command id continues where an
 * earlier attempt stopped, returns the same key, and sets the password of this attempt. Refuses, before it changes
 * anything, an address that another user has, and another name or address than those of the earlier attempt.
 */
export const bootstrapFirstOrganization = async (
  needs: Needs,
  first: FirstOrganization,
): Promise<CreatedFirst | NotCreated> => {
  const { commandId, organization: name, email, passwordHash, apiKeyName } = first;
  const ownerCommand = aggregateId(commandId, 'owner');
  const refusal = (await otherAttempt(needs, first)) ?? (await addressTaken(needs, email, ownerCommand));
  if (refusal !== null) return { refusal };
  const { organizationId } = await bootstrapOrganization(needs, { commandId, name });
  const owner = { commandId: ownerCommand, organizationId, email, passwordHash };
  const joinedAt = await bootstrapOwner(needs, owner);
  if (joinedAt === null)
    return {
      refusal: `The OWNER was not created: another user has just taken ${email}, or the organization was closed. Run ledger init again with the same name and another address.`,
    };
  const userId = ownerIdOf(ownerCommand);
  // An earlier attempt may have activated the user with a password that nobody has seen.
  const password = { passwordHash, exceptSessionId: null, now: new Date(needs.now()) };
  if (!(await setPassword(needs.pool, userId, password)))
    return { refusal: `The login of ${email} was deactivated for good. An OWNER of the organization must invite you.` };
  const { apiKeyId, apiKey, position } = await bootstrapApiKey(needs, {
    commandId: aggregateId(commandId, 'first api key'),
    organizationId,
    name: apiKeyName,
    scopes,
  });
  return { organizationId, userId, apiKeyId, apiKey, scopes, position: position > joinedAt ? position : joinedAt };
};

const otherAttempt = async (
  { executor, pool }: Needs,
  { commandId, organization, email }: FirstOrganization,
): Promise<string | null> => {
  const name = await executor.read(organizationAggregate, organizationIdOf(commandId), (stored) =>
    stored.kind === 'missing' ? null : stored.name,
  );
  if (name !== null && name !== organization)
    return `An earlier ledger init was interrupted after it had created the organization ${JSON.stringify(name)}. Continue it: give that name.`;
  const address = await addressOfUser(pool, ownerIdOf(aggregateId(commandId, 'owner')));
  if (address === null || address.toLowerCase() === email.toLowerCase()) return null;
  return `An earlier ledger init was interrupted after it had chosen the OWNER ${address}. Continue it: give that address.`;
};

const addressTaken = async ({ pool }: Needs, email: string, ownerCommand: string): Promise<string | null> => {
  const known = await findUserByEmail(pool, email);
  if (known === null || known.state === 'pending' || known.commandId === ownerCommand) return null;
  return `A user with the address ${email} exists. Give another address.`;
};
