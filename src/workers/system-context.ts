import { createHash } from 'node:crypto';
import { systemCommandId } from '../eventstore/ids.ts';
import type { CommandContext } from '../eventstore/waiting.ts';

/** What a sweep sends the command with that `name` names: the same for every worker, so that it is carried out once. */
export const systemContext = (name: string): CommandContext => {
  const commandId = systemCommandId(name);
  return {
    commandId,
    requestHash: createHash('sha256').update(name).digest('hex'),
    actor: { type: 'SYSTEM', id: 'expiry-sweep', onBehalfOf: null },
    reason: null,
    correlationId: commandId,
    causationId: null,
  };
};
