import { type Crowd, waitMsMax } from './crowds.ts';
import type { Full, Ticket, Turn as Waited } from './fair-queue.ts';
import type { Share, Work } from './shares.ts';

/** The turn of one request. */
export type Turn = {
  /** Ends the earlier turn of the request, and waits for a turn of the tenant in the crowd. */
  readonly take: (crowd: Crowd, tenant: string, needs: Needed) => Promise<Waited | Full>;
  /** Gives the turn to others. The request stays in the process. */
  readonly end: () => void;
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
export const createTurn = (signal: () => AbortSignal, turnMs: TurnMs): Turn => {
  let ticket: Ticket | null = null;
  let place: Ticket | null = null;
  let ending: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(ending);
    ticket?.endTurn();
    place?.endTurn();
  };
  const leave = () => {
    clearTimeout(ending);
    ticket?.leave();
    place?.leave();
  };

  return {
    take: async (crowd, tenant, { share, work }) => {
      leave();
      const entered = (work.isLight ? crowd.light : crowd.work).enter(tenant, share);
      if (typeof entered === 'string') return entered;
      ticket = entered;
      const until = performance.now() + waitMsMax;
      if (work.isCommand) {
        const claimed = crowd.commands.enter(tenant, commandShare(crowd, share));
        if (typeof claimed === 'string') return claimed;
        place = claimed;
        const waited = (await place.take(1, signal)) ?? 'begun';
        if (waited !== 'begun') return waited;
      }
      const waited = (await ticket.take(work.units, signal, until - performance.now())) ?? 'begun';
      if (waited === 'begun') ending = setTimeout(ticket.endTurn, work.isCommand ? turnMs.command : turnMs.read);
      return waited;
    },
    end,
    leave,
  };
};

const commandShare = ({ commandsMax }: Crowd, { weight }: Share): Share => ({
  weight,
  aloneMax: commandsMax,
  sharedMax: commandsMax,
  presentMax: Number.POSITIVE_INFINITY,
});
