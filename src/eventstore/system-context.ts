import { createHash } from 'node:crypto';
import type { Instant } from '../domain/time.ts';
import { systemCommandId } from './ids.ts';
import { type CommandContext, commandContext } from './waiting.ts';

/** What a sweep sends the command with that `name` names: the same for every worker, so that it is carried out once. */
export const systemContext = (name: string, at: Instant): CommandContext =>
  commandContext({
    at,
    commandId: systemCommandId(name),
    requestHash: createHash('sha256').update(name).digest('hex'),
    actor: { type: 'SYSTEM', id: 'expiry-sweep', onBehalfOf: null },
  });
