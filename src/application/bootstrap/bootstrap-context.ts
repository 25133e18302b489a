import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { type CommandContext, commandContext } from '../../eventstore/executor/waiting.ts';

export type BootstrapNeeds = { readonly executor: Executor; readonly now: () => Instant };

/** The program as the author of what it creates itself, for the demo and for tests. */
export const bootstrapActor = { type: 'SYSTEM', id: 'bootstrap', onBehalfOf: null } as const satisfies Actor;

/** Returns the context of a command that the program sends itself. */
export const bootstrapContext = (commandId: string, operation: string, at: Instant): CommandContext =>
  commandContext({ at, commandId, requestHash: operation, actor: bootstrapActor });
