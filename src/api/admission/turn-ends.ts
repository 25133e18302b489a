import type { Ticket } from './fair-queue.ts';

/** Ends turns that last for too long. */
export type TurnEnds = {
  /** Notes a turn that has just begun. */
  readonly add: (ticket: Ticket) => void;
  /** Forgets a turn that has ended, if it is noted. */
  readonly remove: (ticket: Ticket) => void;
};

/** Returns what ends each turn after `ms`. One timer serves all turns, because a timer per validation takes time. */
export const createTurnEnds = (ms: number): TurnEnds => {
  // In the order in which the turns began, which is the order of their ends.
  const endsMs = new Map<Ticket, number>();
  let isTimed = false;
  const waitUntil = (endMs: number) => {
    isTimed = true;
    setTimeout(endDue, Math.max(1, endMs - performance.now())).unref();
  };
  const endDue = () => {
    const nowMs = performance.now();
    for (const [ticket, endMs] of endsMs) {
      if (endMs > nowMs) return waitUntil(endMs);
      endsMs.delete(ticket);
      ticket.endTurn();
    }
    isTimed = false;
  };

  return {
    add: (ticket) => {
      const endMs = performance.now() + ms;
      endsMs.set(ticket, endMs);
      if (!isTimed) waitUntil(endMs);
    },
    remove: (ticket) => {
      endsMs.delete(ticket);
    },
  };
};
