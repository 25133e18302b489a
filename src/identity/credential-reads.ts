/** How one credential is read. */
type Reading<Result> = {
  /** Returns what is remembered and still counts, else null. */
  readonly remembered: () => Result | null;
  /** Reads the database, and remembers a positive result. */
  readonly read: () => Promise<Result>;
  /** Returns true for a result that is remembered. */
  readonly isPositive: (result: Result) => boolean;
};

/**
 * Returns what reads credentials, with one read of each at a time. A caller that comes during a read gets its refusal. A
 * positive result counts only while it is remembered, because the rights may have ended since the read began.
 */
export const createCredentialReads = <Result>() => {
  const running = new Map<string, Promise<Result>>();
  return async (digest: string, { remembered, read, isPositive }: Reading<Result>): Promise<Result> => {
    for (;;) {
      const known = remembered();
      if (known !== null) return known;
      const shared = running.get(digest);
      if (shared === undefined) break;
      const result = await shared;
      if (!isPositive(result)) return result;
    }
    const own = read().finally(() => running.delete(digest));
    running.set(digest, own);
    return own;
  };
};
