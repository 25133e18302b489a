import type { Instant } from '../time.ts';

/** An event of a license. Without `effectiveAt` it takes effect when it is recorded. */
export type Event<Type extends string, Data> = {
  readonly type: Type;
  readonly data: Data;
  readonly effectiveAt?: Instant;
};

/** A command on a license. `at` is the server's clock, read once per command. */
export type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };
