import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<readonly string[] | null>();

/**
 * Runs `work`, and all that it starts, for a credential that reaches only licenses with these products. Null: all.
 * Every transaction of `asTenant` in it hides the rows of others.
 */
export const withinProductScope = <Result>(products: readonly string[] | null, work: () => Result): Result =>
  // On Node 20 the first scope slows every later promise of the process, so only limited credentials enter one.
  products === null && productScope() === null ? work() : scope.run(products, work);

/** Returns the products that the present request is limited to. Returns null without a limit or a request. */
export const productScope = (): readonly string[] | null => scope.getStore() ?? null;
