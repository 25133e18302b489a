import { z } from 'zod';
import { sha256Hex } from '../envelope.ts';
import type { Recorded } from '../event-store.ts';

/**
 * A wrong link between two unaltered events. The event at `revision` names the hash `actual` for its previous event,
 * which has the hash `expected`. Two processes of an early release could append such an event.
 */
export type Break = { readonly revision: bigint; readonly expected: string; readonly actual: string };

/**
 * An operator has accepted a wrong link in the stream of this event. The event at `revision` names the hash `found` for
 * its previous event, which has the hash `expected`. A stream of any kind may contain this event; it does not change
 * the state. `operator` is an id and `reason` a code, so neither names a person.
 */
export type ChainRepaired = {
  readonly type: 'ChainRepaired';
  readonly data: {
    readonly revision: number;
    readonly expected: string;
    readonly found: string;
    readonly operator: string;
    readonly reason: string;
  };
};

/**
 * The id of an operator: letters, digits, dots, dashes and underscores. So it is no e-mail address and no full name.
 */
export const operatorId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'not the id of an operator');

/** The reason for a repair, as a code: `TWO_WRITERS`. */
export const repairReason = z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/, 'not a code in capitals');

/** The schema of `ChainRepaired`. The schema of every kind of stream includes it. */
export const repairEvent = z.object({
  type: z.literal('ChainRepaired'),
  data: z.object({
    // The first event of a stream has no previous event.
    revision: z.int().positive(),
    expected: sha256Hex,
    found: sha256Hex,
    operator: operatorId,
    reason: repairReason,
  }),
});

/** Returns true for a repair of the chain, which is not an event of the aggregate. */
export const isRepair = <Event extends { readonly type: string }>(
  event: Event | ChainRepaired,
): event is ChainRepaired => event.type === 'ChainRepaired';

/** Returns the break that an event repairs. Returns null when the event is not a repair. */
export const repairIn = ({ type, data }: Pick<Recorded, 'type' | 'data'>): Break | null => {
  const repair = repairEvent.safeParse({ type, data });
  if (!repair.success) return null;
  const { revision, expected, found: actual } = repair.data.data;
  return { revision: BigInt(revision), expected, actual };
};
