import { type Crowd, waitMsMax } from './crowds.ts';
import type { Full, Ticket, Turn as Waited } from './fair-queue.ts';
import type { Share, Work } from './shares.ts';
import type { TurnEnds } from './turn-ends.ts';

/** The turn of one request. */
export type Turn = {
  /**
   * Ends the earlier turn of the request, and waits for a turn of the tenant in the crowd. Returns no promise when
   * nobody has to wait, because a promise for each validation takes time.
   */
  readonly take: (crowd: Crowd, tenant: string, needs: Needed) => Promise<Waited | Full> | Waited | Full;
  /** Gives the turn to others. The request stays in the process. */
  readonly end: () => void;
  /**
   * Waits for another turn like the last one. It refuses nothing, because the request has begun: when the turn does not
   * come in time, or the client has left, the request goes on without it.
   */
  readonly resume: () => Promise<void>;
  readonly leave: () => void;
};

/** The most milliseconds of a turn. Then others work, because the request waits for something else. */
export type TurnMs = { readonly command: number; readonly read: number };

/**
 * A command that takes longer waits for the event store, another process or a password. Postgres cancels the statements
 * of a read after 2 s, so a read that takes longer waits for something else, too.
 */
export const turnMsMax: TurnMs = { command: 100, read: 2_500 };

type Needed = { readonly share: Share; readonly work: Work };

/**
 * Returns the turn of a request. A command also has one of the places of its tenant's commands until its answer. So a
 * tenant whose commands wait for the event store has few of them there, and its reads still get turns.
 */
export const createTurn = (signal: () => AbortSignal, ends: Ends): Turn => new RequestTurn(signal, ends);

/** Ends the turns of commands and of reads that last for too long. */
export type Ends = { readonly command: TurnEnds; readonly read: TurnEnds };

// A class, because the functions of each request would take more time than its turn.
class RequestTurn implements Turn {
  readonly #signal: () => AbortSignal;
  readonly #ends: Ends;
  #ticket: Ticket | null = null;
  #place: Ticket | null = null;
  #ending: TurnEnds | null = null;
  #units = 0;

  constructor(signal: () => AbortSignal, ends: Ends) {
    this.#signal = signal;
    this.#ends = ends;
  }

  take(crowd: Crowd, tenant: string, { share, work }: Needed): Promise<Waited | Full> | Waited | Full {
    this.leave();
    const ticket = (work.isLight ? crowd.light : crowd.work).enter(tenant, share);
    if (typeof ticket === 'string') return ticket;
    this.#ticket = ticket;
    this.#units = work.units;
    if (work.isCommand)
      return this.#takeForCommand(ticket, work.units, crowd.commands.enter(tenant, commandShare(crowd, share)));
    const waiting = ticket.take(work.units, this.#signal);
    return waiting === null ? this.#begin(ticket, this.#ends.read) : this.#beginAfter(waiting, ticket, this.#ends.read);
  }

  end(): void {
    this.#forgetEnd();
    this.#ticket?.endTurn();
    this.#place?.endTurn();
  }

  async resume(): Promise<void> {
    this.end();
    const [ticket, ends] = [this.#ticket, this.#ending];
    if (ticket === null || ends === null) return;
    const placed = (await this.#place?.take(1, this.#signal)) ?? 'begun';
    if (placed === 'begun') await this.#beginAfter(ticket.take(this.#units, this.#signal), ticket, ends);
  }

  leave(): void {
    this.#forgetEnd();
    // A request that has left resumes no turn.
    this.#ending = null;
    this.#ticket?.leave();
    this.#place?.leave();
  }

  async #takeForCommand(ticket: Ticket, units: number, place: Ticket | Full): Promise<Waited | Full> {
    if (typeof place === 'string') return place;
    this.#place = place;
    const until = performance.now() + waitMsMax;
    const placed = (await place.take(1, this.#signal)) ?? 'begun';
    if (placed !== 'begun') return placed;
    const waiting = ticket.take(units, this.#signal, until - performance.now());
    return this.#beginAfter(waiting, ticket, this.#ends.command);
  }

  async #beginAfter(waiting: Promise<Waited> | null, ticket: Ticket, ends: TurnEnds): Promise<Waited> {
    const waited = (await waiting) ?? 'begun';
    return waited === 'begun' ? this.#begin(ticket, ends) : waited;
  }

  #begin(ticket: Ticket, ends: TurnEnds): 'begun' {
    this.#ending = ends;
    ends.add(ticket);
    return 'begun';
  }

  #forgetEnd(): void {
    if (this.#ticket !== null) this.#ending?.remove(this.#ticket);
  }
}

const commandShare = ({ commandsMax }: Crowd, { weight }: Share): Share => ({
  weight,
  aloneMax: commandsMax,
  sharedMax: commandsMax,
  presentMax: Number.POSITIVE_INFINITY,
});
