import type { At } from '../../../src/domain/decider.ts';
import type { Ends } from '../../../src/domain/license/endings/ending-events.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';

type Kind = 'activations' | 'leases' | 'users';
/** The open parts of each kind, by id, oldest first, with their product. */
type Open = Readonly<Record<Kind, Map<string, string | null>>>;
type Pending = { readonly cause: string; readonly effectiveAt: string } & Readonly<Record<Kind, string[]>>;

/** Checks that each part that decisive events end is announced once, in order, and changes no count. */
export const watchPending = () => {
  const all: Pending[] = [];
  const kinds = ['activations', 'leases', 'users'] as const;

  /** Removes the parts that the event ends from the open ones. Returns the violation, or null. */
  const end = (
    cause: string,
    data: { readonly ends?: Ends; readonly product?: string },
    { effectiveAt }: At,
    open: Open,
  ): string | null => {
    const { ends } = data;
    if (ends === undefined) return null;
    const ended: Pending = { cause, effectiveAt, activations: [], leases: [], users: [] };
    for (const kind of kinds) {
      const named: readonly string[] = kind === 'users' ? [] : (ends.named?.[kind] ?? []);
      const affected = [...open[kind]].filter(([id, product]) =>
        ends.which === 'NAMED' ? named.includes(id) : ends.which !== 'PRODUCT' || product === data.product,
      );
      const isAll = ends.which === 'PRODUCT' || ends.which === 'NAMED' || (ends.which === 'ALL' && ends[kind] > 0);
      if (isAll && ends[kind] !== (ends.which === 'PRODUCT' && kind === 'users' ? 0 : affected.length))
        return `2.4: ${ends[kind]} ${kind} end of ${affected.length}`;
      if (ends[kind] > affected.length) return `2.4: ${ends[kind]} ${kind} end of ${affected.length}`;
      for (const [id] of affected.slice(0, ends[kind])) {
        ended[kind].push(id);
        open[kind].delete(id);
      }
    }
    all.push(ended);
    if (ends.activations + ends.leases + ends.users === 0) return '2.4: ends that end nothing';
    const { activations, users, seats } = ends.usageAfter;
    if (activations !== open.activations.size || users !== open.users.size || seats < open.leases.size)
      return `2.7.1: after the end ${activations} devices, ${seats} seats and ${users} users`;
    return null;
  };

  const next = (kind: Kind, cause: string) =>
    all.find((pending) => pending.cause === cause && pending[kind].length > 0);

  /** Returns true when an event announces an ended part. */
  const isAnnounced = ({ type, data }: LicenseEvent): boolean =>
    'cause' in data && type in kindOf && next(kindOf[type as keyof typeof kindOf], data.cause) !== undefined;

  /** Removes an announced part from the pending ones. Returns the violation, or null. */
  const announced = (
    { kind, id, cause }: { kind: Kind; id: string; cause: string },
    at: At,
    open: number | null,
    countAfter: number | null,
  ) => {
    const ending = next(kind, cause);
    if (ending === undefined) return `2.7.3: ${id} was not to be announced`;
    if (ending.effectiveAt !== at.effectiveAt)
      return `2.4: ${id} ended at ${ending.effectiveAt}, not ${at.effectiveAt}`;
    const oldest = ending[kind].shift();
    if (oldest !== id) return `2.7.3: ${id} is announced before ${oldest}`;
    return open === countAfter ? null : `2.7.1: ${countAfter} counted, ${open} open`;
  };
  return { end, isAnnounced, announced };
};

const kindOf = { ActivationDeactivated: 'activations', LeaseReleased: 'leases', UserUnassigned: 'users' } as const;
