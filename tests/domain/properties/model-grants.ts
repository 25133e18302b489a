import type { Limits } from '../../../src/domain/license/events.ts';
import type { Target } from '../../../src/domain/license/events-grant.ts';
import {
  announce,
  did,
  isWrong,
  length,
  type Model,
  ms,
  put,
  type Rules,
  setTerm,
  type Verdict,
  withdraw,
} from './model.ts';
import { capacity, closeDevices, closeLeases, seats } from './model-use.ts';

/** The model of limits, products, policies and holders: what they change, and what they end. */
export const grantRules: Rules<
  | ('ChangeLimits' | 'AddProduct' | 'RemoveProduct' | 'ChangeTier' | 'ChangePolicy' | 'CarryOutScheduled')
  | ('ConvertTrial' | 'EndTrial' | 'Transfer' | 'Revoke')
> = {
  ChangeLimits: (m, { limits, strategy }, at) =>
    isWrong(limits) ? 'LIMIT_INVALID' : setLimits(m, limits, strategy ?? m.policy.limitStrategy, at),
  AddProduct: (m, { product }) => (m.products.has(product) ? 'nothing' : did(m.products.add(product))),
  RemoveProduct: (m, { product }) => (m.products.has(product) ? dropProduct(m, product) : 'nothing'),
  ChangeTier: (m, { target, scheduled }, at) => {
    if (scheduled && ms(scheduled.effectiveAt) <= at) return 'TERM_INVALID';
    if (isWrong(target.limits)) return 'LIMIT_INVALID';
    if (scheduled === undefined) return become(m, target, target.policy.limitStrategy, at);
    return did(m.later.push({ id: scheduled.eventId, at: ms(scheduled.effectiveAt), target }));
  },
  ChangePolicy: (m, data, at) => {
    const isOther = data.target.policy.tier !== m.policy.tier && !isWrong(data.target.limits);
    const isLate = data.scheduled && ms(data.scheduled.effectiveAt) <= at;
    return isOther && !isLate ? 'INVALID_REQUEST' : grantRules.ChangeTier(m, data, at);
  },
  CarryOutScheduled: (m, { eventId }, at) => {
    const due = m.later.find((each) => each.id === eventId && each.at <= at)?.target;
    const verdict = due === undefined ? 'nothing' : become(m, due, due.policy.limitStrategy, at);
    return verdict === 'done' ? withdraw(m, eventId) : verdict;
  },
  ConvertTrial: (m, { target, term }, at) => {
    if (isWrong(target.limits)) return 'LIMIT_INVALID';
    if (m.policy.type !== 'TRIAL') return m.policy.policyId === target.policy.policyId ? 'nothing' : 'INVALID_REQUEST';
    const fixed = term.kind === 'fixed' ? ms(term.expiresAt) : Infinity;
    const end = term.kind === 'duration' ? at + length(term.duration) : fixed;
    if (end <= at) return 'TERM_INVALID';
    const verdict = become(m, target, target.policy.limitStrategy, at);
    return verdict === 'done' ? setTerm(m, at, end, at) : verdict;
  },
  EndTrial: (m, { termNumber, downgrade }, at) => {
    const { type, trialEnd } = m.policy;
    if (termNumber !== m.term.number || type !== 'TRIAL' || at < m.term.end) return 'nothing';
    if (trialEnd === 'EXPIRE') return announce(m, at);
    if (isWrong(downgrade.limits)) return 'LIMIT_INVALID';
    const { limitStrategy } = downgrade.policy;
    become(m, downgrade, limitStrategy === 'REJECT' ? 'ALLOW_OVER' : limitStrategy, at);
    return setTerm(m, m.term.end, Infinity, at);
  },
  Transfer: (m, { toHolderOrgId, accepted, expiry, activations }, at) => {
    if (toHolderOrgId === m.holder) return 'nothing';
    if (!m.policy.transferable || !accepted) return 'FORBIDDEN';
    const resets = expiry === 'RESET' && m.term.end < Infinity;
    if (resets && Number.isNaN(m.span)) return 'TERM_INVALID';
    if (activations === 'RELEASE') end(m, Infinity, Infinity, Infinity);
    m.holder = toHolderOrgId;
    return resets ? setTerm(m, at, at + m.span, at) : 'done';
  },
  Revoke: (m) => did(end(m, Infinity, Infinity, 0), Object.assign(m, { revoked: true })),
};

/** Puts the license under the target, or leaves it wholly as it was. */
const become = (m: Model, { policy, products, limits }: Target, strategy: string, at: number): Verdict => {
  const before = structuredClone(m);
  m.policy = policy;
  if (products !== null) {
    for (const product of m.products) if (!products.includes(product)) dropProduct(m, product);
    for (const product of products) m.products.add(product);
  }
  const verdict = limits === null ? 'done' : setLimits(m, limits, strategy, at);
  if (verdict === 'done' || verdict === 'nothing') return 'done';
  Object.assign(m, before);
  return verdict;
};

const setLimits = (m: Model, limits: Limits, strategy: string, at: number): Verdict => {
  if (JSON.stringify(limits) === JSON.stringify(m.limits)) return 'nothing';
  const [devices, leases, users] = [
    m.devices.size - capacity(m, limits.activations),
    seats(m, at) - capacity(m, limits.seats),
    m.users.size - capacity(m, limits.users),
  ];
  const meters = Object.entries(limits.meters).filter(([name, limit]) => (m.used.get(name) ?? 0) > capacity(m, limit));
  if (strategy === 'REJECT') {
    if (devices > 0) return 'ACTIVATION_LIMIT_EXCEEDED';
    if (leases > 0) return 'SEAT_LIMIT_EXCEEDED';
    if (users > 0) return 'USER_LIMIT_EXCEEDED';
    if (meters.length > 0) return 'QUOTA_EXCEEDED';
  }
  if (strategy === 'EVICT_OLDEST') end(m, devices, leases, users);
  return put(m, { limits });
};

/** Ends so many of each, the oldest first. */
const end = (m: Model, devices: number, leases: number, users: number): Verdict => {
  for (const user of [...m.users].slice(0, Math.max(0, users))) m.users.delete(user);
  closeLeases(m, [...m.leases.keys()].slice(0, Math.max(0, leases)));
  return closeDevices(m, [...m.devices.keys()].slice(0, Math.max(0, devices)));
};
const dropProduct = (m: Model, product: string): Verdict => {
  const bound = <Item extends { product: string | null }>(items: Map<string, Item>) =>
    [...items].flatMap(([name, item]) => (item.product === product ? [name] : []));
  return did(closeDevices(m, bound(m.devices)), closeLeases(m, bound(m.leases)), m.products.delete(product));
};
