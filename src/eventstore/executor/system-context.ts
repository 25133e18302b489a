import { createHash } from 'node:crypto';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../envelope.ts';
import { systemCommandId } from '../uuids.ts';
import { type CommandContext, commandContext } from './waiting.ts';

/**
 * Returns the context of a command that the ledger derives from the state, such as an expiry. Every process derives the
 * same command id from `name`, so the command is carried out once. Without `cause`, the sender is the expiry sweep.
 */
export const systemContext = (
  name: string,
  at: Instant,
  cause: Partial<Pick<CommandContext, 'actor' | 'correlationId' | 'causationId'>> = {},
): CommandContext =>
  commandContext({
    at,
    commandId: systemCommandId(name),
    requestHash: createHash('sha256').update(name).digest('hex'),
    actor: ledgerActor,
    ...cause,
  });

/** The actor of what follows from the clock, also when it is recorded together with somebody's command. */
export const ledgerActor: Actor = { type: 'SYSTEM', id: 'expiry-sweep', onBehalfOf: null };
