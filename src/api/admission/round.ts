import type { Activity } from './activity.ts';
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
  /** Ends work, and begins that of the next requests. */
  readonly end: (tenant: Tenant, units: number) => void;
};

/** The units that each visit of the round adds to the credit of a tenant of weight 1. */
const creditPerVisit = 8;

/** Returns a round of turns with `runningMax` units of work at a time. */
export const createRound = (runningMax: number, activity: Activity): Round => {
  // The tenants with waiting requests, in their order.
  const order = new Set<Tenant>();
  let running = 0;
  // True while the next tenant waits for work of others to end. Nobody may overtake it then.
  let isTotalUsed = false;

  // A tenant without running requests may always begin one, so that no request is too large for its share.
  const isWithinShare = ({ name, running: own, share }: Tenant, units: number): boolean =>
    own === 0 || own + units <= (activity.hasOthers(name) ? share.sharedMax : share.aloneMax);
  const isWithinTotal = (units: number) => running === 0 || running + units <= runningMax;
  const begin = (tenant: Tenant, units: number) => {
    tenant.running += units;
    running += units;
  };
  const forget = (tenant: Tenant, waiting: Waiting) => {
    tenant.waiting.delete(waiting);
    if (tenant.waiting.size > 0) return;
    tenant.credit = 0;
    order.delete(tenant);
  };
  const moveToEnd = (tenant: Tenant) => {
    order.delete(tenant);
    order.add(tenant);
  };
  /** Visits the first tenant. Returns whether it began something, got credit, or cannot go on. */
  const visit = (tenant: Tenant, next: Waiting): 'moved' | 'share_used' | 'total_used' => {
    if (!isWithinShare(tenant, next.units)) {
      moveToEnd(tenant);
      return 'share_used';
    }
    if (tenant.credit < next.units) {
      tenant.credit += creditPerVisit * tenant.share.weight;
      moveToEnd(tenant);
      return 'moved';
    }
    if (!isWithinTotal(next.units)) return 'total_used';
    tenant.credit -= next.units;
    begin(tenant, next.units);
    forget(tenant, next);
    next.begin();
    return 'moved';
  };
  const beginNext = () => {
    isTotalUsed = false;
    // Ends after one round in which no tenant may begin anything within its share.
    for (let blocked = 0; blocked < order.size && !isTotalUsed; ) {
      const [tenant] = order;
      const [next] = tenant?.waiting ?? [];
      if (tenant === undefined || next === undefined) return;
      const visited = visit(tenant, next);
      blocked = visited === 'share_used' ? blocked + 1 : 0;
      isTotalUsed = visited === 'total_used';
    }
  };

  return {
    tryBegin: (tenant, units) => {
      if (isTotalUsed || tenant.waiting.size > 0) return false;
      if (!isWithinShare(tenant, units) || !isWithinTotal(units)) return false;
      begin(tenant, units);
      return true;
    },
    add: (tenant, waiting) => {
      tenant.waiting.add(waiting);
      order.add(tenant);
      beginNext();
    },
    remove: (tenant, waiting) => {
      forget(tenant, waiting);
      beginNext();
    },
    end: (tenant, units) => {
      tenant.running -= units;
      running -= units;
      beginNext();
    },
  };
};
