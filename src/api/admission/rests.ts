/** How long a tenant rests after its work while others are active. */
export type Rests = {
  readonly nowMs: () => number;
  /** Returns the rest in milliseconds after work of this many units that took `tookMs`. */
  readonly restMsAfter: (units: number, tookMs: number) => number;
};

/** The rest after work that may come before a tenant has to wait for it, so that a few requests at once do not wait. */
export const restMsAhead = 100;

/** Lets nobody rest. */
export const noRests: Rests = { nowMs: () => performance.now(), restMsAfter: () => 0 };

/**
 * The rest per millisecond of ordinary work in a busy process. A tenant that sends as fast as it is answered then works
 * two fifths of the time, so that requests of others rarely meet its work on the event loop.
 */
const restPerMs = 1.5;
const ordinaryUnits = 16;
/** Work that takes longer waits for something else, and does not keep the process busy. */
const workMsMax = 20;
/** Parts of the time that the event loop works. Below the first nobody rests. Above the second all of the rest counts. */
const [quietBelow, busyAbove] = [0.3, 0.7];
const measuredMs = 250;

/**
 * Returns the rests of this process. Places alone do not bound a tenant: one place that is always taken keeps the event
 * loop busy. In a process with time to spare nobody rests.
 */
export const createRests = (nowMs: () => number, utilization: typeof performance.eventLoopUtilization): Rests => {
  let since = utilization();
  let sinceMs = nowMs();
  let pressure = 0;
  const measure = () => {
    const busy = utilization(since).utilization;
    pressure = Math.min(1, Math.max(0, (busy - quietBelow) / (busyAbove - quietBelow)));
    since = utilization();
    sinceMs = nowMs();
  };
  return {
    nowMs,
    restMsAfter: (units, tookMs) => {
      if (nowMs() - sinceMs >= measuredMs) measure();
      return pressure * restPerMs * (units / ordinaryUnits) * Math.min(tookMs, workMsMax);
    },
  };
};
