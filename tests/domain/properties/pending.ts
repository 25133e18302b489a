import type { At } from '../../../src/domain/decider.ts';
import type { Ends } from '../../../src/domain/license/endings/ending-events.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';

type Kind = 'activations' | 'leases' | 'users';
/** What is open of each kind, by id, oldest first, with the product that it was made for. */
type Open = Readonly<Record<Kind, Map<string, string | null>>>;
type Pending = { readonly cause: string; readonly effectiveAt: string } & Readonly<Record<Kind, string[]>>;

/** Watches what decisive events end, and that each of it is announced once, in order, and changes no count. */
export const watchPending = () => {
  const all: Pending[] = [];
  const kinds = ['activations', 'leases', 'users'] as const;

  /** Takes what the event ends out of what is open; returns what is wrong with it, or null. */
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
      const meant = [...open[kind]].filter(([, product]) => ends.which !== 'PRODUCT' || product === data.product);
      const isAll = ends.which === 'PRODUCT' || (ends.which === 'ALL' && ends[kind] > 0);
      if (isAll && ends[kind] !== (ends.which === 'PRODUCT' && kind === 'users' ? 0 : meant.length))
        return `2.4: ${ends[kind]} ${kind} end of ${meant.length}`;
      if (ends[kind] > meant.length) return `2.4: ${ends[kind]} ${kind} end of ${meant.length}`;
      for (const [id] of meant.slice(0, ends[kind])) {
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

  const next = (kind: Kind, cause: string) => all.find((each) => each.cause === cause && each[kind].length > 0);

  /** Whether an event announces what was ended. */
  const isAnnounced = ({ type, data }: LicenseEvent): boolean =>
    'cause' in data && type in kindOf && next(kindOf[type as keyof typeof kindOf], data.cause) !== undefined;

  /** Takes one off what is to be announced; returns what is wrong with it, or null. */
  const announced = (kind: Kind, id: string, cause: string, at: At, open: number | null, countAfter: number | null) => {
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
