import { type Decision, reject } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { Aggregate, Fact } from './aggregate.ts';
import type { Executor } from './execute.ts';
import { newCommandId } from './ids.ts';
import { Overloaded } from './stream-queue.ts';

/**
 * What `view` tells of an aggregate as its stream is now: folded by the executor, which keeps it, so that only what is new
 * is read. `view` tells null where there is nothing to tell, as of a stream without events, and copies what it wants. Throws
 * as `execute` does, and Overloaded where others kept changing the stream.
 */
export const look = async <
  Command extends { readonly at: Instant },
  Event extends Fact,
  State,
  Code extends string,
  View,
>(
  executor: Executor,
  aggregate: Aggregate<Command, Event, State, Code>,
  id: string,
  view: (state: State) => View | null,
): Promise<View | null> => {
  // A command that changes nothing is answered on a state that is known to be current.
  const decide = (_command: { readonly at: Instant }, state: State): Decision<Event, 'NOT_FOUND'> =>
    view(state) === null ? reject('NOT_FOUND', 'There is nothing to tell.') : [];
  const looking = { ...aggregate, decider: { ...aggregate.decider, decide } };
  const commandId = newCommandId();
  const context = {
    commandId,
    requestHash: '',
    actor: nobody,
    reason: null,
    correlationId: commandId,
    causationId: null,
  };
  const seen = await executor.execute(looking, id, { at: '' }, context, view);
  if (!('rejected' in seen)) return seen.view;
  if (seen.rejected === 'NOT_FOUND') return null;
  throw new Overloaded(`${aggregate.stream(id)} kept changing while it was looked at. Try again later.`);
};

// Nothing is written under it.
const nobody = { type: 'SYSTEM', id: 'look', onBehalfOf: null } as const;
