/** Reports the state of Redis: once when it is lost, and once when it is back. */
export type InsuranceLog = { readonly warn: (fields: object, message: string) => void };

/** Runs `attempt`, or `instead` when `attempt` fails or has just failed. */
export type Insured = <T>(attempt: () => Promise<T>, instead: () => Promise<T>) => Promise<T>;

// While Redis is lost, one request in this time tries it. No other request waits for Redis.
const retryMs = 1_000;

/**
 * Returns a function that falls back when Redis fails. A failed attempt uses the fallback, and so do all calls of the
 * next second.
 */
export const createInsured = (nowMs: () => number, log: InsuranceLog): Insured => {
  let lost = false;
  let retryAtMs = 0;
  return async (attempt, instead) => {
    if (lost) {
      const now = nowMs();
      // After the clock was set back, Redis must not stay unused for longer.
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
