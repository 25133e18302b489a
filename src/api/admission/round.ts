import type { Activity } from './activity.ts';
import { type Rests, restMsAhead } from './rests.ts';
import type { Share } from './shares.ts';

/** A request that waits for its turn. The round calls `begin` once. */
export type Waiting = { readonly units: number; readonly begin: () => void };

/** A tenant with requests in the process. The round changes `running`, `credit` and `restsUntilMs`. */
export type Tenant = {
  readonly name: string;
  share: Share;
  /** The units that are worked on. */
  running: number;
  /** The units that the tenant may begin before the next tenant has its turn. */
  credit: number;
  /** The requests of the tenant in the process. */
  present: number;
  /** In the order of their arrival. */
  readonly waiting: Set<Waiting>;
  /** Until when the tenant begins nothing while others are active. */
  restsUntilMs: number;
};

/** The turns of all tenants. */
export type Round = {
  /** Begins work at once, or returns false when the request has to wait. */
  readonly tryBegin: (tenant: Tenant, units: number) => boolean;
  readonly add: (tenant: Tenant, waiting: Waiting) => void;
  /** Removes a request that no longer waits. */
  readonly remove: (tenant: Tenant, waiting: Waiting) => void;
  /** Ends work that began at `beganMs`, and begins that of the next requests. */
  readonly end: (tenant: Tenant, units: number, beganMs: number) => void;
  readonly nowMs: () => number;
};

/** The units that each visit of the round adds to the credit of a tenant of weight 1. */
const creditPerVisit = 8;

type Options = { readonly activity: Activity; readonly rests: Rests };

/** Returns a round of turns with `runningMax` units of work at a time. */
export const createRound = (runningMax: number, options: Options): Round => new Turns(runningMax, options);

class Turns implements Round {
  readonly #runningMax: number;
  readonly #activity: Activity;
  readonly #rests: Rests;
  /** The tenants with waiting requests, in their order. */
  readonly #order = new Set<Tenant>();
  #running = 0;
  /** True while the next tenant waits for work of others to end. Nobody may overtake it then. */
  #isTotalUsed = false;
  #restsEnd: { readonly atMs: number; readonly timer: NodeJS.Timeout } | null = null;

  constructor(runningMax: number, { activity, rests }: Options) {
    this.#runningMax = runningMax;
    this.#activity = activity;
    this.#rests = rests;
  }

  nowMs(): number {
    return this.#rests.nowMs();
  }

  tryBegin(tenant: Tenant, units: number): boolean {
    if (this.#isTotalUsed || tenant.waiting.size > 0 || this.#isResting(tenant)) return false;
    if (!this.#isWithinShare(tenant, units) || !this.#isWithinTotal(units)) return false;
    this.#begin(tenant, units);
    return true;
  }

  add(tenant: Tenant, waiting: Waiting): void {
    tenant.waiting.add(waiting);
    this.#order.add(tenant);
    this.#beginNext();
  }

  remove(tenant: Tenant, waiting: Waiting): void {
    this.#forget(tenant, waiting);
    this.#beginNext();
  }

  end(tenant: Tenant, units: number, beganMs: number): void {
    tenant.running -= units;
    this.#running -= units;
    this.#addRest(tenant, units, beganMs);
    this.#beginNext();
  }

  #addRest(tenant: Tenant, units: number, beganMs: number): void {
    const nowMs = this.nowMs();
    const restMs = this.#rests.restMsAfter(units, nowMs - beganMs);
    if (restMs === 0 || !this.#activity.hasOthers(tenant.name)) return;
    tenant.restsUntilMs = Math.max(tenant.restsUntilMs, nowMs - restMsAhead) + restMs;
  }

  #beginNext(): void {
    this.#isTotalUsed = false;
    // Ends after one round in which no tenant may begin anything within its share.
    for (let blocked = 0; blocked < this.#order.size && !this.#isTotalUsed; ) {
      const [tenant] = this.#order;
      const [next] = tenant?.waiting ?? [];
      if (tenant === undefined || next === undefined) return;
      const visited = this.#visit(tenant, next);
      blocked = visited === 'resting' || visited === 'share_used' ? blocked + 1 : 0;
      if (visited === 'resting') this.#beginAfterRest(tenant.restsUntilMs);
      this.#isTotalUsed = visited === 'total_used';
    }
  }

  /** Visits the first tenant. Returns whether it began something, got credit, or cannot go on. */
  #visit(tenant: Tenant, next: Waiting): 'moved' | 'resting' | 'share_used' | 'total_used' {
    if (this.#isResting(tenant)) {
      this.#moveToEnd(tenant);
      return 'resting';
    }
    if (!this.#isWithinShare(tenant, next.units)) {
      this.#moveToEnd(tenant);
      return 'share_used';
    }
    if (tenant.credit < next.units) {
      tenant.credit += creditPerVisit * tenant.share.weight;
      this.#moveToEnd(tenant);
      return 'moved';
    }
    if (!this.#isWithinTotal(next.units)) return 'total_used';
    tenant.credit -= next.units;
    this.#begin(tenant, next.units);
    this.#forget(tenant, next);
    next.begin();
    return 'moved';
  }

  #isResting({ name, restsUntilMs }: Tenant): boolean {
    return restsUntilMs > this.nowMs() && this.#activity.hasOthers(name);
  }

  /** Begins the next requests at the first end of a rest. */
  #beginAfterRest(atMs: number): void {
    if (this.#restsEnd !== null && this.#restsEnd.atMs <= atMs) return;
    clearTimeout(this.#restsEnd?.timer);
    const endRests = () => {
      this.#restsEnd = null;
      this.#beginNext();
    };
    this.#restsEnd = { atMs, timer: setTimeout(endRests, Math.max(1, atMs - this.nowMs())).unref() };
  }

  /** A tenant without running requests may begin any one, so that no request is too large for its share. */
  #isWithinShare({ name, running, share }: Tenant, units: number): boolean {
    if (running === 0) return true;
    return running + units <= (this.#activity.hasOthers(name) ? share.sharedMax : share.aloneMax);
  }

  #isWithinTotal(units: number): boolean {
    return this.#running === 0 || this.#running + units <= this.#runningMax;
  }

  #begin(tenant: Tenant, units: number): void {
    tenant.running += units;
    this.#running += units;
  }

  #forget(tenant: Tenant, waiting: Waiting): void {
    tenant.waiting.delete(waiting);
    if (tenant.waiting.size > 0) return;
    tenant.credit = 0;
    this.#order.delete(tenant);
  }

  #moveToEnd(tenant: Tenant): void {
    this.#order.delete(tenant);
    this.#order.add(tenant);
  }
}
