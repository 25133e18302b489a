import type { Target } from '../../../src/domain/license/tiers/tier-events.ts';
import { ms } from './draw.ts';
import { newOverrides } from './overrides.ts';
import { all, type newRecord, type Plan, type Verdict } from './record.ts';

/** Returns what falls due on the license of the model: announced changes, ends of terms, trials and keys. */
export const newDue = ({
  m,
  put,
  become,
  announce,
  setTerm,
  withdraw,
  accessEnd,
  groundsAt,
}: ReturnType<typeof newRecord>) => {
  // Nothing refuses a change that was announced, or the end of a trial.
  const becomeAt = (at: number, target: Target): Verdict => {
    const { now } = m;
    put({ now: at });
    const strategy = target.policy.limitStrategy === 'REJECT' ? 'ALLOW_OVER' : target.policy.limitStrategy;
    return all(become(newOverrides({ m, put }).move(target), strategy), put({ now }));
  };
  const becomesAnother = () => m.policy.type === 'TRIAL' && m.policy.trialEnd === 'DOWNGRADE' && m.afterTrial !== null;
  const endTrial = (): Verdict => {
    if (!becomesAnother() || m.afterTrial === null) return announce();
    const covered = m.afterTrial.products;
    const products = covered === null ? null : m.products.filter((product) => covered.includes(product));
    return all(becomeAt(m.end, { ...m.afterTrial, products }), setTerm(m.end, Infinity));
  };
  const carryOut = ({ id, at, target }: Plan): Verdict =>
    target ? all(becomeAt(at, target), withdraw(id)) : 'nothing';
  const suspensionEnds = (): number[] =>
    m.plans.flatMap((plan) =>
      plan.ground && plan.until !== undefined && plan.until < Infinity && groundsAt(plan.until).length === 0
        ? [plan.until]
        : [],
    );
  const endSuspension = (end: number): Verdict =>
    put(
      end <= m.now &&
        suspensionEnds().includes(end) && { plans: m.plans.filter((p) => !p.ground || p.at > end), reinstated: m.now },
    );
  const entitlementEnds = (): number[] =>
    m.entitlements.flatMap(({ until }) => (until !== null && ms(until) > m.endsAnnounced ? [ms(until)] : []));
  /** Carries out what has fallen due, in the order in which it fell due, and calls `afterEach`. */
  const settle = (afterEach: () => void) => {
    for (;;) {
      const isGraceDue = m.graceEnded < m.term && m.policy.expiryGraceSeconds > 0;
      const due = [
        ...suspensionEnds().map((end) => ({ at: end, run: () => endSuspension(end) })),
        ...entitlementEnds().map((end) => ({ at: end, run: () => put({ endsAnnounced: end }) })),
        ...m.plans.flatMap((plan) => (plan.target ? [{ at: plan.at, run: () => carryOut(plan) }] : [])),
        ...(becomesAnother() ? [{ at: m.end, run: endTrial }] : []),
        ...(!becomesAnother() && m.announced < m.term ? [{ at: m.end, run: announce }] : []),
        ...(!becomesAnother() && isGraceDue ? [{ at: accessEnd(), run: endGrace }] : []),
        ...Object.entries(m.overlaps).map(([version, at]) => ({ at, run: () => retire(Number(version)) })),
      ].filter(({ at }) => at <= m.now);
      const [next] = due.toSorted((a, b) => a.at - b.at);
      if (next === undefined) return;
      next.run();
      afterEach();
    }
  };
  const endGrace = () => put({ announced: m.term, graceEnded: m.term });
  const retire = (keyVersion: number): Verdict => {
    const { [keyVersion]: until = Infinity, ...overlaps } = m.overlaps;
    return put(m.now >= until && { overlaps });
  };
  return { endTrial, carryOut, settle, endGrace, retire, endSuspension };
};
