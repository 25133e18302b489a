import type { Rejection } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { Actor, Reason } from '../eventstore/envelope.ts';
import type { Executed } from '../eventstore/execute.ts';
import { type CommandContext, commandContext } from '../eventstore/waiting.ts';
import type { Attempt } from './idempotency.ts';
import { type Problem, type ProblemCode, refused } from './problems.ts';
import type { Call } from './route.ts';

/** On whose behalf and for which request a command is sent. */
export type Sending = { readonly call: Call; readonly attempt: Attempt; readonly actor: Actor };

/** Returns the context of a request's command: its ids, its If-Match, who asks. */
export const contextOf = (
  { call, attempt, actor }: Sending,
  at: Instant,
  reason: Reason | null = null,
): CommandContext => {
  const { commandId, requestHash, earlierRequestHashes, attemptedSince } = attempt;
  return commandContext({
    ...{ at, commandId, requestHash, earlierRequestHashes, actor, reason },
    correlationId: call.correlationId,
    causationId: call.requestId,
    expectedRevision: call.expectedRevision,
    ...(attemptedSince === undefined ? {} : { attemptedSince }),
  });
};

/** Returns what was executed, or the refusal as a problem. */
export const executedOrProblem = <View>(
  executed: Executed<View> | Problem | Rejection<ProblemCode>,
): Executed<View> | Problem => ('rejected' in executed ? refused(executed) : executed);
