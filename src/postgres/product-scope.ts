import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<readonly string[] | null>();

/**
 * Runs `work`, and all that it starts, for a credential that reaches only licenses with these products. Null: all.
 * Every transaction of `asTenant` in it hides the rows of others.
 */
export const withinProductScope = <Result>(products: readonly string[] | null, work: () => Result): Result =>
  // The first scope makes every promise of the process slower on Node 20. Without limited credentials there is none.
  products === null && productScope() === null ? work() : scope.run(products, work);

/** Returns the products that the present request is limited to. Returns null without a limit or a request. */
export const productScope = (): readonly string[] | null => scope.getStore() ?? null;
