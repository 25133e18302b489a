import type { Aggregate, Fact } from '../eventstore/aggregate.ts';
import type { Actor } from '../eventstore/envelope.ts';
import type { Executed, Executor } from '../eventstore/execute.ts';
import type { Attempt } from './idempotency.ts';
import { type Problem, type ProblemCode, refused } from './problems.ts';
import type { Call } from './route.ts';

/** On whose behalf and for which request a command is sent. */
export type Sending = { readonly call: Call; readonly attempt: Attempt; readonly actor: Actor };

/**
 * Sends a command to an aggregate's stream for a request: its ids, its If-Match, who asks. Answers with what happened and
 * what `view` took of the state, or with the refusal. Throws as `execute` does.
 */
export const sendCommand = async <
  Command extends { readonly at: string },
  Event extends Fact,
  State,
  Code extends ProblemCode,
  View,
>(
  executor: Executor,
  aggregate: Aggregate<Command, Event, State, Code>,
  id: string,
  command: Command,
  { call, attempt, actor }: Sending,
  view: (state: State) => View,
): Promise<Executed<View> | Problem> => {
  const context = {
    commandId: attempt.commandId,
    requestHash: attempt.requestHash,
    actor,
    reason: null,
    correlationId: call.correlationId,
    causationId: call.requestId,
    expectedRevision: call.expectedRevision,
  };
  const executed = await executor.execute(aggregate, id, command, context, view);
  return 'rejected' in executed ? refused(executed) : executed;
};
