import type { Instant } from '../time.ts';

/**
 * An event of a license. Without `effectiveAt` it takes effect when it is recorded. `byLedger`: nobody asked for it, so
 * it does not belong to the sender of the command that it is recorded with. The mark is not stored: the envelope says it.
 */
export type Event<Type extends string, Data> = {
  readonly type: Type;
  readonly data: Data;
  readonly effectiveAt?: Instant;
  readonly byLedger?: true;
};

/** A command on a license. `at` is the server's clock, read once per command. */
export type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };
