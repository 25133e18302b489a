import { expect } from 'vitest';
import { type Decider, fold, isRejection, type Stamped } from '../../src/domain/decider.ts';

/** `given(events).when(command).thenEvents(events)` for any decider: a domain test that reads as a sentence. */
export const scenarios =
  <Command, Event, State, Code extends string>(decider: Decider<Command, Event, State, Code>) =>
  (...history: readonly Stamped<Event>[]) => ({
    when: (command: Command) => {
      const decision = decider.decide(command, fold(decider, history));
      return {
        thenEvents: (...expected: readonly Event[]) => expect(decision).toEqual(expected),
        thenNothing: () => expect(decision).toEqual([]),
        thenRejected: (code: Code) => expect(isRejection(decision) ? decision.rejected : decision).toBe(code),
      };
    },
  });
