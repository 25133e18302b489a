import { expect } from 'vitest';
import { type Decider, fold, isRejection, type Stamped } from '../../src/domain/decider.ts';
import { eventIdsAfter } from './event-ids.ts';

// Whose an event is has tests of its own.
const unmarked = (decision: object): object =>
  Array.isArray(decision) ? decision.map(({ byLedger: _, ...event }) => event) : decision;

/** `given(events).when(command).thenEvents(events)` for any decider: a domain test that reads as a sentence. */
export const scenarios =
  <Command, Event, State, Code extends string>(decider: Decider<Command, Event, State, Code>) =>
  (...history: readonly Stamped<Event>[]) => ({
    when: (command: Command) => {
      const decision = decider.decide(command, fold(decider, history), eventIdsAfter(history));
      return {
        thenEvents: (...expected: readonly Event[]) => expect(unmarked(decision)).toEqual(expected),
        thenNothing: () => expect(decision).toEqual([]),
        thenRejected: (code: Code) => {
          expect(isRejection(decision) ? decision.rejected : decision).toBe(code);
          // The detail goes to the caller: a sentence, with nothing missing in it.
          expect(isRejection(decision) ? decision.detail : '').toMatch(
            /^(?!.*(?:undefined|null|NaN|\[object))\S+ .+\.$/s,
          );
        },
      };
    },
  });
