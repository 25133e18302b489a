import type { Instant } from '../domain/time.ts';
import type { Actor, Reason } from '../eventstore/envelope.ts';
import { type CommandContext, commandContext } from '../eventstore/executor/waiting.ts';
import type { Attempt } from './idempotent-attempt.ts';

/** The ids of a request in its events and its log line. */
export type Traced = {
  readonly requestId: string;
  readonly correlationId: string;
  /** The revision that the stream must have, or null for any revision. */
  readonly expectedRevision: bigint | null;
};

/** The request and the actor of a command. */
export type Sending = { readonly call: Traced; readonly attempt: Attempt; readonly actor: Actor };

/** Returns the context of a request's command: its ids, the expected revision and the actor. */
export const contextOf = (
  { call, attempt, actor }: Sending,
  at: Instant,
  reason: Reason | null = null,
): CommandContext => {
  const { commandId, requestHash, earlierRequestHashes, attemptedSince } = attempt;
  return commandContext({
    at,
    commandId,
    requestHash,
    earlierRequestHashes,
    actor,
    reason,
    correlationId: call.correlationId,
    causationId: call.requestId,
    expectedRevision: call.expectedRevision,
    ...(attemptedSince === undefined ? {} : { attemptedSince }),
  });
};
