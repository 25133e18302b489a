import { type Activity, createActivity } from './activity.ts';
import { noRests, type Rests } from './rests.ts';
import { createRound, type Round, type Tenant, type Waiting } from './round.ts';
import type { Share } from './shares.ts';

/** A request that the queue has taken in. */
export type Ticket = {
  /**
   * Waits for the turn of a request with this many units, at most `waitMs` and the most of the queue. Returns null at
   * once when nobody has to wait. An earlier turn of the request ends.
   */
  readonly take: (units: number, signal: () => AbortSignal, waitMs?: number) => Promise<Turn> | null;
  /** Gives the turn to others. The request stays, because its answer still waits for something. */
  readonly endTurn: () => void;
  /** Removes the request, which has been answered. */
  readonly leave: () => void;
};

/** How the wait for a turn ended. `expired`: it took too long. `left`: the signal aborted. */
export type Turn = 'begun' | 'expired' | 'left';

/** Why a request is not taken in: the tenant has its most requests in the process, or all tenants together have. */
export type Full = 'tenant_full' | 'all_full';

/** Shares turns between tenants. */
export type FairQueue = { readonly enter: (tenant: string, share: Share) => Ticket | Full };

/** The most units at a time, and the most requests in the process. */
type Totals = { readonly runningMax: number; readonly presentMax: number };

type Options = {
  /** How long a request may wait for its turn. */
  readonly waitMsMax: number;
  /** The activity of tenants, which queues of one process share. */
  readonly activity?: Activity;
  /** Without it nobody rests. */
  readonly rests?: Rests;
};

/**
 * Returns a queue that lets tenants work in turn (deficit round robin). While several tenants wait, each gets units in
 * proportion to its weight. A tenant collects eight units times its weight in each round. So one that has just come
 * begins an ordinary request in its third round at the latest, however many requests of others wait.
 */
export const createFairQueue = (
  totals: Totals,
  { waitMsMax, activity = createActivity(() => performance.now()), rests = noRests }: Options,
): FairQueue => {
  const round = createRound(totals.runningMax, { activity, rests });
  const turns = { round, rests, waitMsMax };
  const tenants = new Map<string, Tenant>();
  let present = 0;
  const remove = (tenant: Tenant) => {
    tenant.present -= 1;
    present -= 1;
    if (tenant.present === 0) tenants.delete(tenant.name);
  };

  return {
    enter: (name, share) => {
      const tenant = tenants.get(name) ?? { name, share, running: 0, present: 0, credit: 0, waiting: new Set() };
      tenant.share = share;
      if (tenant.present >= share.presentMax) return 'tenant_full';
      if (present >= totals.presentMax) return 'all_full';
      activity.note(name);
      tenants.set(name, tenant);
      tenant.present += 1;
      present += 1;
      return new QueuedTicket(turns, tenant, remove);
    },
  };
};

type Turns = { readonly round: Round; readonly rests: Rests; readonly waitMsMax: number };

// A class, because the functions of each request would take more time than its turn.
class QueuedTicket implements Ticket {
  readonly #turns: Turns;
  readonly #tenant: Tenant;
  readonly #onLeave: (tenant: Tenant) => void;
  #taken = 0;
  #begunMs = 0;
  #hasLeft = false;

  constructor(turns: Turns, tenant: Tenant, onLeave: (tenant: Tenant) => void) {
    this.#turns = turns;
    this.#tenant = tenant;
    this.#onLeave = onLeave;
  }

  take(units: number, signal: () => AbortSignal, waitMs = this.#turns.waitMsMax): Promise<Turn> | null {
    this.endTurn();
    const { round, waitMsMax } = this.#turns;
    if (round.tryBegin(this.#tenant, units)) {
      this.#begin(units);
      return null;
    }
    const limited = { ...this.#turns, waitMsMax: Math.min(waitMs, waitMsMax) };
    return waitForTurn(limited, this.#tenant, units, signal()).then((turn) => {
      if (turn === 'begun') this.#begin(units);
      return turn;
    });
  }

  #begin(units: number): void {
    this.#taken = units;
    this.#begunMs = this.#turns.rests.nowMs();
  }

  endTurn(): void {
    if (this.#taken === 0) return;
    const units = this.#taken;
    this.#taken = 0;
    const { round, rests } = this.#turns;
    round.end(this.#tenant, units, rests.nowMs() - this.#begunMs);
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#onLeave(this.#tenant);
    this.endTurn();
  }
}

const waitForTurn = ({ round, waitMsMax }: Turns, tenant: Tenant, units: number, signal: AbortSignal): Promise<Turn> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve('left');
      return;
    }
    const end = (turn: Turn) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      resolve(turn);
    };
    const giveUp = (turn: Turn) => {
      round.remove(tenant, waiting);
      end(turn);
    };
    const leave = () => giveUp('left');
    const timer = setTimeout(() => giveUp('expired'), waitMsMax);
    const waiting: Waiting = { units, begin: () => end('begun') };
    signal.addEventListener('abort', leave);
    round.add(tenant, waiting);
  });
