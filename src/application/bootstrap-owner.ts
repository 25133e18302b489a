import type { Pool } from 'pg';
import { organizationAggregate } from '../aggregates/aggregates.ts';
import { encodeId } from '../domain/ids.ts';
import type { OrganizationCommand } from '../domain/organization/commands.ts';
import { noLimits } from '../domain/organization/organization-limits.ts';
import { type Instant, lastInstant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import { commandContext } from '../eventstore/executor/waiting.ts';
import { toDecide } from '../eventstore/folding.ts';
import { aggregateId } from '../eventstore/ids.ts';
import { abandonUser, activateUser, reserveUser } from '../identity/sign-up.ts';
import { asTenant } from '../postgres/tenant.ts';
import { storeValues } from '../records/vault.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/**
 * Makes a user who is OWNER of an organization, by an invitation of the product itself. A retry with the same command
 * id (a UUID) finds what the first try has done. Gives the position of the event; null, and there is no such user,
 * where somebody else has the address or the organization is closed.
 */
export const createOwner = async (
  { executor, pool, now }: Needs,
  owner: {
    readonly commandId: string;
    readonly organizationId: string;
    readonly email: string;
    readonly passwordHash: string;
  },
): Promise<bigint | null> => {
  const { commandId, organizationId, email, passwordHash } = owner;
  const idOf = (prefix: 'usr' | 'inv' | 'ref') => encodeId(prefix, aggregateId(commandId, prefix));
  const [userId, invitationId, emailRef] = [idOf('usr'), idOf('inv'), idOf('ref')];
  const user = { userId, email, passwordHash, displayName: null, commandId, now: new Date(now()) };
  if ((await reserveUser(pool, user)).outcome === 'taken') return null;

  const owned = { issuerOrgId: organizationId, holderOrgId: null };
  const address = { ...owned, ref: emailRef, kind: 'EMAIL', subject: invitationId, value: email } as const;
  const stream = organizationAggregate.stream(organizationId);
  await asTenant(pool, organizationId, (db) => storeValues(db, stream, [address]), { readOnly: false });
  // A try that died between the two may be repeated at any time.
  const invitation = {
    invitationId,
    emailRef,
    userId,
    role: 'OWNER',
    expiresAt: lastInstant,
    limits: noLimits,
  } as const;
  const commands: readonly OrganizationCommand[] = [
    { type: 'InviteMember', at: now(), by: { type: 'SYSTEM' }, data: invitation },
    { type: 'AcceptInvitation', at: now(), by: { type: 'SYSTEM' }, data: { invitationId, userId, limits: noLimits } },
  ];
  let position: bigint | null = null;
  for (const command of commands) {
    const context = commandContext({
      ...{ at: command.at, commandId: aggregateId(commandId, command.type), requestHash: command.type },
      ...{ actor: bootstrap, correlationId: commandId },
    });
    const decide = toDecide(organizationAggregate, command);
    const done = await executor.execute(organizationAggregate, organizationId, decide, context, () => null);
    if ('rejected' in done) {
      await abandonUser(pool, user);
      return null;
    }
    position = done.position.commit;
  }
  return (await activateUser(pool, user)) ? position : null;
};

const bootstrap = { type: 'SYSTEM', id: 'bootstrap', onBehalfOf: null } as const;
