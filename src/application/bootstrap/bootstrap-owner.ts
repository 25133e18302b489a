import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { encodeId } from '../../domain/ids.ts';
import type { OrganizationCommand } from '../../domain/organization/commands.ts';
import { noLimits } from '../../domain/organization/organization-limits.ts';
import { lastInstant } from '../../domain/time.ts';
import { commandContext } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { abandonUser, activateUser, reserveUser } from '../../identity/reserve-user.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { storeValues } from '../../records/vault.ts';
import { type BootstrapNeeds, bootstrapActor } from './bootstrap-context.ts';

type Needs = BootstrapNeeds & { readonly pool: Pool };

/** The owner to create. The user's id follows from the command id (a UUID). */
export type NewOwner = {
  readonly commandId: string;
  readonly organizationId: string;
  readonly email: string;
  readonly passwordHash: string;
};

/** Returns the id of the user that the command (a UUID) creates. */
export const ownerIdOf = (commandId: string): string => encodeId('usr', aggregateId(commandId, 'usr'));

/**
 * Creates a user who is OWNER of an organization, by an invitation of the program itself. A retry with the same command
 * id continues where an earlier attempt stopped. Returns the position of the event. Returns null, and creates no user,
 * when another user has the address or the organization is closed.
 */
export const bootstrapOwner = async (needs: Needs, owner: NewOwner): Promise<bigint | null> => {
  const { pool, now } = needs;
  const { commandId, email, passwordHash } = owner;
  const userId = ownerIdOf(commandId);
  const user = { userId, email, passwordHash, displayName: null, commandId, now: new Date(now()) };
  if ((await reserveUser(pool, user)).outcome === 'taken') return null;
  const position = await bootstrapOwnership(needs, { ...owner, userId });
  if (position === null) {
    await abandonUser(pool, user);
    return null;
  }
  return (await activateUser(pool, user)) ? position : null;
};

/**
 * Makes an existing user OWNER of an organization, by an invitation of the program itself. A retry with the same command
 * id continues where an earlier attempt stopped. Returns the position of the event, or null when the organization refuses.
 */
export const bootstrapOwnership = async (
  { executor, pool, now }: Needs,
  { commandId, organizationId, email, userId }: Omit<NewOwner, 'passwordHash'> & { readonly userId: string },
): Promise<bigint | null> => {
  const idOf = (prefix: 'inv' | 'ref') => encodeId(prefix, aggregateId(commandId, prefix));
  const [invitationId, emailRef] = [idOf('inv'), idOf('ref')];
  const address = {
    issuerOrgId: organizationId,
    holderOrgId: null,
    ref: emailRef,
    kind: 'EMAIL',
    subject: invitationId,
    value: email,
  } as const;
  const stream = organizationAggregate.stream(organizationId);
  await asTenant(pool, organizationId, (db) => storeValues(db, stream, [address]), { readOnly: false });
  let position: bigint | null = null;
  for (const command of commandsFor({ invitationId, emailRef, userId }, now)) {
    const context = commandContext({
      at: command.at,
      commandId: aggregateId(commandId, command.type),
      requestHash: command.type,
      actor: bootstrapActor,
      correlationId: commandId,
    });
    const decide = toDecide(organizationAggregate, command);
    const executed = await executor.execute(organizationAggregate, organizationId, decide, {
      context,
      view: () => null,
    });
    if ('rejected' in executed) return null;
    position = executed.position.commit;
  }
  return position;
};

type Invited = { readonly invitationId: string; readonly emailRef: string; readonly userId: string };

/** Returns the commands that invite the owner and accept the invitation. */
const commandsFor = (
  { invitationId, emailRef, userId }: Invited,
  now: BootstrapNeeds['now'],
): readonly OrganizationCommand[] => {
  // The invitation never expires, because a later start repeats an attempt that stopped between the two commands.
  const invitation = {
    invitationId,
    emailRef,
    userId,
    role: 'OWNER',
    expiresAt: lastInstant,
    limits: noLimits,
  } as const;
  const by = { type: 'SYSTEM' } as const;
  return [
    { type: 'InviteMember', at: now(), by, data: invitation },
    { type: 'AcceptInvitation', at: now(), by, data: { invitationId, userId, limits: noLimits } },
  ];
};
