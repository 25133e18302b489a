/** Where the state of Redis is reported: once when it is lost, once when it is back. */
export type InsuranceLog = { readonly warn: (fields: object, message: string) => void };

/** Runs `attempt`, or `instead` where that fails or has just failed. */
export type Insured = <T>(attempt: () => Promise<T>, instead: () => Promise<T>) => Promise<T>;

// While Redis is lost one request in this time tries it, and no other waits for it.
const retryMs = 1_000;

/** Makes what needs Redis do without it: a failed attempt is answered by the other way, and so is all that follows for a second. */
export const createInsured = (nowMs: () => number, log: InsuranceLog): Insured => {
  let lost = false;
  let retryAtMs = 0;
  return async (attempt, instead) => {
    if (lost) {
      const now = nowMs();
      // A clock that was set back must not keep Redis away for longer.
      if (now < retryAtMs && now >= retryAtMs - retryMs) return instead();
      retryAtMs = now + retryMs;
    }
    try {
      const result = await attempt();
      if (lost) log.warn({}, 'Redis answers again: rate limits are shared by all processes.');
      lost = false;
      return result;
    } catch (error) {
      if (!lost)
        log.warn({ err: error }, 'Redis does not answer: rate limits are counted in this process until it does.');
      lost = true;
      retryAtMs = nowMs() + retryMs;
      return instead();
    }
  };
};
