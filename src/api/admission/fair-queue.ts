import type { Share } from './shares.ts';

/** A request that the queue has taken in. */
export type Ticket = {
  /**
   * Waits for the turn of a request with this many units. Returns 'expired' when it does not come in time, and 'left'
   * when the signal aborts first. Returns null at once when nobody has to wait.
   */
  readonly take: (units: number, signal: () => AbortSignal) => Promise<Turn> | null;
  /** Gives the turn to others. The request stays, because its answer still waits for something. */
  readonly endTurn: () => void;
  /** Removes the request, which has been answered. */
  readonly leave: () => void;
};

/** How the wait for a turn ended. */
export type Turn = 'begun' | 'expired' | 'left';

/** Why a request is not taken in: the tenant has its most requests in the process, or all tenants together have. */
export type Full = 'tenant_full' | 'all_full';

/** Shares turns between tenants. */
export type FairQueue = { readonly enter: (tenant: string, share: Share) => Ticket | Full };

type Waiting = { readonly units: number; readonly begin: () => void };

type Tenant = {
  readonly name: string;
  share: Share;
  running: number;
  present: number;
  /** The units that the tenant may begin before the next tenant has its turn. */
  credit: number;
  readonly waiting: Set<Waiting>;
};

/** What each visit of the round adds to the credit of a tenant of weight 1. */
const creditPerVisit = 8;

/**
 * Returns a queue that lets tenants work in turn (deficit round robin). While several tenants wait, each gets units in
 * proportion to its weight. A tenant alone gets all units up to its own limit, without waiting. A tenant that has just
 * come waits for one round at most, however many requests of others wait.
 */
export const createFairQueue = (
  totals: { readonly runningMax: number; readonly presentMax: number },
  { waitMsMax }: { readonly waitMsMax: number },
): FairQueue => {
  const tenants = new Map<string, Tenant>();
  // The tenants with waiting requests, in the order of the round.
  const round = new Set<Tenant>();
  let running = 0;
  let present = 0;
  // True while the next tenant of the round waits for work of others to end. Nobody may overtake it then.
  let isTotalUsed = false;

  // A tenant without running requests may always begin one, so that no request is too large for its share.
  const isWithinShare = (tenant: Tenant, units: number) =>
    tenant.running === 0 || tenant.running + units <= tenant.share.runningMax;
  const isWithinTotal = (units: number) => running === 0 || running + units <= totals.runningMax;
  const begin = (tenant: Tenant, units: number) => {
    tenant.running += units;
    running += units;
  };
  const toEnd = (tenant: Tenant) => {
    round.delete(tenant);
    round.add(tenant);
  };

  const beginNext = () => {
    isTotalUsed = false;
    // Ends after one round in which no tenant may begin anything within its share.
    for (let blocked = 0; blocked < round.size; ) {
      const [tenant] = round;
      const [next] = tenant?.waiting ?? [];
      if (tenant === undefined || next === undefined) return;
      if (!isWithinShare(tenant, next.units)) {
        blocked += 1;
        toEnd(tenant);
      } else if (tenant.credit < next.units) {
        blocked = 0;
        tenant.credit += creditPerVisit * tenant.share.weight;
        toEnd(tenant);
      } else if (!isWithinTotal(next.units)) {
        isTotalUsed = true;
        return;
      } else {
        blocked = 0;
        tenant.credit -= next.units;
        begin(tenant, next.units);
        remove(tenant, next);
        next.begin();
      }
    }
  };
  const remove = (tenant: Tenant, waiting: Waiting) => {
    tenant.waiting.delete(waiting);
    if (tenant.waiting.size > 0) return;
    tenant.credit = 0;
    round.delete(tenant);
  };
  const mayBegin = (tenant: Tenant, units: number) =>
    !isTotalUsed && tenant.waiting.size === 0 && isWithinShare(tenant, units) && isWithinTotal(units);

  const wait = (tenant: Tenant, units: number, signal: AbortSignal): Promise<Turn> =>
    new Promise((resolve) => {
      const end = (turn: Turn) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        if (turn !== 'begun') {
          remove(tenant, waiting);
          beginNext();
        }
        resolve(turn);
      };
      const leave = () => end('left');
      const timer = setTimeout(() => end('expired'), waitMsMax);
      const waiting = { units, begin: () => end('begun') };
      tenant.waiting.add(waiting);
      round.add(tenant);
      signal.addEventListener('abort', leave);
      if (signal.aborted) leave();
      else beginNext();
    });

  return {
    enter: (name, share) => {
      const tenant = tenants.get(name) ?? { name, share, running: 0, present: 0, credit: 0, waiting: new Set() };
      tenant.share = share;
      if (tenant.present >= share.presentMax) return 'tenant_full';
      if (present >= totals.presentMax) return 'all_full';
      tenants.set(name, tenant);
      tenant.present += 1;
      present += 1;
      let taken = 0;
      let hasLeft = false;
      const endTurn = () => {
        if (taken === 0) return;
        tenant.running -= taken;
        running -= taken;
        taken = 0;
        beginNext();
      };
      return {
        take: (units, signal) => {
          endTurn();
          if (mayBegin(tenant, units)) {
            begin(tenant, units);
            taken = units;
            return null;
          }
          return wait(tenant, units, signal()).then((turn) => {
            if (turn === 'begun') taken = units;
            return turn;
          });
        },
        endTurn,
        leave: () => {
          if (hasLeft) return;
          hasLeft = true;
          tenant.present -= 1;
          present -= 1;
          if (tenant.present === 0) tenants.delete(name);
          endTurn();
        },
      };
    },
  };
};
