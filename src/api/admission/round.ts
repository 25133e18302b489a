import type { Activity } from './activity.ts';
import type { Rests } from './rests.ts';
import type { Share } from './shares.ts';

/** A request that waits for its turn. The round calls `begin` once. */
export type Waiting = { readonly units: number; readonly begin: () => void };

/** A tenant with requests in the process. The round changes `running` and `credit`. */
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
};

/** The turns of all tenants. */
export type Round = {
  /** Begins work at once, or returns false when the request has to wait. */
  readonly tryBegin: (tenant: Tenant, units: number) => boolean;
  readonly add: (tenant: Tenant, waiting: Waiting) => void;
  /** Removes a request that no longer waits. */
  readonly remove: (tenant: Tenant, waiting: Waiting) => void;
  /** Ends work that took `tookMs`, and begins that of the next requests. */
  readonly end: (tenant: Tenant, units: number, tookMs: number) => void;
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
  #runningRequests = 0;
  /** Begins the next requests when the first rest of a waiting tenant ends. */
  #afterRest: NodeJS.Timeout | null = null;
  /** True while the next tenant waits for work of others to end. Nobody may overtake it then. */
  #isTotalUsed = false;

  constructor(runningMax: number, { activity, rests }: Options) {
    this.#runningMax = runningMax;
    this.#activity = activity;
    this.#rests = rests;
  }

  tryBegin(tenant: Tenant, units: number): boolean {
    if (this.#isTotalUsed || tenant.waiting.size > 0 || this.#rests.msLeft(tenant.name) > 0) return false;
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

  end(tenant: Tenant, units: number, tookMs: number): void {
    this.#rests.owe(tenant.name, tookMs, this.#runningRequests);
    tenant.running -= units;
    this.#running -= units;
    this.#runningRequests -= 1;
    this.#beginNext();
  }

  #beginNext(): void {
    this.#isTotalUsed = false;
    let firstRestMs = Number.POSITIVE_INFINITY;
    // Ends after one round in which no tenant may begin anything.
    for (let blocked = 0; blocked < this.#order.size && !this.#isTotalUsed; ) {
      const [tenant] = this.#order;
      const [next] = tenant?.waiting ?? [];
      if (tenant === undefined || next === undefined) return;
      const restMs = this.#rests.msLeft(tenant.name);
      if (restMs > 0) {
        firstRestMs = Math.min(firstRestMs, restMs);
        this.#moveToEnd(tenant);
        blocked += 1;
        continue;
      }
      const visited = this.#visit(tenant, next);
      blocked = visited === 'share_used' ? blocked + 1 : 0;
      this.#isTotalUsed = visited === 'total_used';
    }
    // When the total is used, the end of other work comes here again.
    if (firstRestMs < Number.POSITIVE_INFINITY) this.#beginNextAfter(firstRestMs);
  }

  #beginNextAfter(ms: number): void {
    clearTimeout(this.#afterRest ?? undefined);
    this.#afterRest = setTimeout(() => this.#beginNext(), Math.ceil(ms)).unref();
  }

  /** Visits the first tenant. Returns whether it began something, got credit, or cannot go on. */
  #visit(tenant: Tenant, next: Waiting): 'moved' | 'share_used' | 'total_used' {
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

  /** A tenant without running requests may always begin one, so that no request is too large for its share. */
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
    this.#runningRequests += 1;
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
