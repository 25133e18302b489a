import type { LimitOverrides, Overrides } from '../../../src/domain/license/overrides/overrides.ts';
import type { Target } from '../../../src/domain/license/tiers/tier-events.ts';
import type { Limit, Limits } from '../../../src/domain/license/usage/usage-limits.ts';
import { type Draw, product } from './draw.ts';
import type { newRecord, Verdict } from './record.ts';

// The model's overrides are one flat list of limits by name, meters with a prefix, and two lists of products.

export type ModelOverrides = {
  readonly limits: Readonly<Record<string, Limit | null>>;
  readonly added: readonly string[];
  readonly removed: readonly string[];
};
export const noOverrides: ModelOverrides = { limits: {}, added: [], removed: [] };

const meter = 'meter ';
const flat = ({ meters = {}, meterRules: _, ...counts }: LimitOverrides): ModelOverrides['limits'] => ({
  ...counts,
  ...Object.fromEntries(Object.entries(meters).map(([name, limit]) => [meter + name, limit])),
});

/** Returns overrides of the domain in the form of the model. */
export const modelOverrides = ({ limits = {}, products = noOverrides }: Overrides): ModelOverrides => ({
  limits: flat(limits),
  added: products.added,
  removed: products.removed,
});

/** Returns how overrides change the license of the model. */
export const newOverrides = ({ m, put }: Pick<ReturnType<typeof newRecord>, 'm' | 'put'>) => {
  const overlaid = (limits: Limits): Limits => {
    const { activations, seats, users, meters } = limits;
    const changed: Record<string, Limit | null> = {
      activations,
      seats,
      users,
      ...flat({ meters }),
      ...m.beside.limits,
    };
    const named = Object.entries(changed).filter(([name, limit]) => name.startsWith(meter) && limit !== null);
    const counts = { activations: changed.activations ?? 0, seats: changed.seats ?? 0, users: changed.users ?? 0 };
    return {
      ...counts,
      meters: Object.fromEntries(named.map(([name, limit]) => [name.slice(meter.length), limit ?? 0])),
    };
  };
  /** Sets the overrides after a move to the target. Returns what the license gets from it. */
  const move = (target: Target): Target => {
    const { added, removed } = m.beside;
    const resets = target.resetsOverrides === true;
    const own = modelOverrides(target.overrides ?? {});
    const isNamed = target.overrides?.products !== undefined;
    const stays = resets ? noOverrides : m.beside;
    const products = isNamed ? own : stays;
    const without = m.products.filter((code) => !added.includes(code));
    const given = resets && added.length + removed.length > 0 ? [...new Set([...without, ...removed])] : null;
    put({ beside: { limits: { ...stays.limits, ...own.limits }, added: products.added, removed: products.removed } });
    if (resets) put({ entitlements: m.entitlements.filter(({ source }) => source !== 'grant') });
    const base = target.products ?? given;
    const covered = base?.filter((code) => !products.removed.includes(code));
    return {
      ...target,
      limits: target.limits === null ? null : overlaid(target.limits),
      products: isNamed || covered === undefined ? target.products : [...new Set([...covered, ...products.added])],
    };
  };
  /** Sets overrides of limits. To remove a meter that the license does not have says nothing. */
  const set = (limits: LimitOverrides) => {
    const had = flat({ meters: m.limits.meters });
    const isVain = ([name, limit]: readonly [string, Limit | null]) => limit === null && had[name] === undefined;
    const said = Object.fromEntries(Object.entries(flat(limits)).filter((entry) => !isVain(entry)));
    return put({ beside: { ...m.beside, limits: { ...m.beside.limits, ...said } } });
  };
  const add = (code: string): Verdict => {
    if (m.products.includes(code)) return 'nothing';
    const other = (codes: readonly string[]) => codes.filter((listed) => listed !== code);
    const beside = { ...m.beside, added: [...other(m.beside.added), code], removed: other(m.beside.removed) };
    return put({ beside, products: [...m.products, code] });
  };
  /** Notes that the issuer removed a product. Returns the products that are left. */
  const remove = (code: string): readonly string[] => {
    const { added, removed } = m.beside;
    const others = added.filter((listed) => listed !== code);
    const beside = { ...m.beside, added: others, removed: added.includes(code) ? removed : [...removed, code] };
    put(m.products.includes(code) && { beside });
    return m.products.filter((other) => other !== code);
  };
  return { move, set, add, remove };
};

/** Draws which of the limits the issuer gave beside the policy. */
export const limitsBeside = ({ chance }: Draw, { activations, seats, meters }: Limits): LimitOverrides => ({
  ...(chance.percent(40) && { activations }),
  ...(chance.percent(20) && { seats }),
  ...(chance.percent(30) && { meters: { builds: meters.builds ?? null } }),
});

/** Draws what a change of the policy gives beside it, and whether it keeps what the license has. */
export const withBeside = (draw: Draw, target: Target): Target => {
  const { chance } = draw;
  const { limits, products } = target;
  const overrides: Overrides = {
    ...(limits !== null && chance.percent(30) && { limits: limitsBeside(draw, limits) }),
    ...(products !== null &&
      chance.percent(30) && { products: { added: products.slice(1), removed: [product(draw)] } }),
  };
  return { ...target, ...(chance.percent(50) && { overrides }), ...(chance.percent(25) && { resetsOverrides: true }) };
};
