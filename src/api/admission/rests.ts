import { LRUCache } from 'lru-cache';
import type { Activity } from './activity.ts';

/** The rests that tenants owe after their work. */
export type Rests = {
  /** Returns elapsed milliseconds. */
  readonly nowMs: () => number;
  /** Notes that a request of the tenant has been worked on for `tookMs`, in the end as one of `running` requests. */
  readonly owe: (tenant: string, tookMs: number, running: number) => void;
  /** Returns the milliseconds for which the tenant shall still begin nothing. */
  readonly msLeft: (tenant: string) => number;
};

/** Lets nobody rest. */
export const noRests: Rests = { nowMs: () => 0, owe: () => undefined, msLeft: () => 0 };

/** The milliseconds of rest per millisecond of work while the event loop is busy. */
const restPerMs = 4;
/** A tenant owes this much before it has to wait, so that a few requests at once do not wait. */
const owedMsMax = 100;
/** The most milliseconds of a request that count, because a request that takes long mostly waits for a server. */
const countedMsMax = 20;
/** While the event loop works for a smaller part of the time, nobody rests. */
const quietBelow = 0.1;
/** While it works for a larger part, all of the rest counts. */
const busyAbove = 0.35;
/** For how long the part is measured. */
const measuredMs = 250;
/** More tenants than owe a rest at the same time. */
const tenantsMax = 10_000;

type Needs = {
  readonly activity: Activity;
  readonly nowMs: () => number;
  readonly utilization: typeof performance.eventLoopUtilization;
};

/**
 * Returns the rests of a process. Places at a time do not bound a tenant that always has its places taken, because it keeps the
 * event loop busy. It rests only while other tenants are active and the event loop is busy. A request counts in
 * proportion: of two that are worked on at the same time, each counts half.
 */
export const createRests = ({ activity, nowMs, utilization }: Needs): Rests => {
  const untilMs = new LRUCache<string, number>({ max: tenantsMax });
  const pressure = createPressure(nowMs, utilization);
  return {
    nowMs,
    owe: (tenant, tookMs, running) => {
      const restMs = (pressure() * restPerMs * Math.min(tookMs, countedMsMax)) / running;
      if (!(restMs > 0) || !activity.hasOthers(tenant)) return;
      untilMs.set(tenant, Math.max(untilMs.get(tenant) ?? 0, nowMs() - owedMsMax) + restMs);
    },
    msLeft: (tenant) => {
      const leftMs = (untilMs.get(tenant) ?? 0) - nowMs();
      return leftMs > 0 && activity.hasOthers(tenant) ? leftMs : 0;
    },
  };
};

/** Returns the part of the rest that counts, from 0 to 1, by how busy the event loop was when it was measured last. */
const createPressure = (nowMs: () => number, utilization: Needs['utilization']): (() => number) => {
  let since = utilization();
  let sinceMs = nowMs();
  let pressure = 0;
  return () => {
    const elapsedMs = nowMs() - sinceMs;
    if (elapsedMs < measuredMs) return pressure;
    // Without work for so long, the measurement says little about now.
    const busy = elapsedMs < 2 * measuredMs ? utilization(since).utilization : 0;
    pressure = Math.min(1, Math.max(0, (busy - quietBelow) / (busyAbove - quietBelow)));
    since = utilization();
    sinceMs = nowMs();
    return pressure;
  };
};
