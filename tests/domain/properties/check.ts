import { fold, isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { Lease, License } from '../../../src/domain/license/license.ts';
import { builtInPolicy } from '../../../src/domain/license/policies.ts';
import { effectiveStatus } from '../../../src/domain/license/status.ts';
import { watchStream } from './invariants.ts';
import { judge, lifeRules, type Model, newModel, statusOf } from './model.ts';
import { grantRules } from './model-grants.ts';
import { useRules } from './model-use.ts';

const { decide, evolve, fork, initial } = licenseDecider;
const rules = { ...lifeRules, ...useRules, ...grantRules };
const anyPolicy = builtInPolicy('FREE', 'pol_none');

/** Text that is equal for equal states only: collections in their order, nothing left out. */
export const canonical = (license: License): string =>
  JSON.stringify(license, (_, value: unknown) =>
    value instanceof Map ? { map: [...value] } : value instanceof Set ? { set: [...value] } : value,
  );

/** How often each outcome of each kind of command was seen: `Activate done`, `Activate LICENSE_EXPIRED`. */
export type Seen = Map<string, number>;

/**
 * Runs the commands against decider and model, noting outcomes in `seen`. Null when nothing is wrong; else what is, and at which command. `cut` is the
 * command before which a fork is taken.
 */
export const findViolation = (commands: readonly LicenseCommand[], cut: number, seen: Seen): string | null => {
  const history: Stamped<LicenseEvent>[] = [];
  const model = newModel(anyPolicy);
  const watch = watchStream();
  let license = initial();
  let recordedAt = '';
  let forked: { readonly copy: License; readonly before: string; readonly length: number } | null = null;

  for (const [index, command] of commands.entries()) {
    if (index === cut) forked = { copy: fork(license), before: canonical(license), length: history.length };
    const wrong = (what: string) => `command ${index}, ${command.type}: ${what}`;
    const expected = judge(rules, model, command);
    const decision = decide(command, license);
    const verdict = isRejection(decision) ? decision.rejected : decision.length > 0 ? 'done' : 'nothing';
    const outcome = `${command.type} ${verdict}`;
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    if (verdict !== expected && expected !== 'open') return wrong(`${verdict}, but the model says ${expected}`);
    if (isRejection(decision)) continue;

    if (decision.length > 0 && command.at > recordedAt) recordedAt = command.at;
    for (const event of decision) {
      const stamped = stamp(event, recordedAt);
      const broken = watch(stamped);
      if (broken !== null) return wrong(broken);
      history.push(stamped);
      license = evolve(license, event, stamped.at);
    }
    model.recorded = Date.parse(recordedAt);
    const difference =
      statusDifference(model, license, command.at) ?? (decision.length > 0 ? differenceOf(model, license) : null);
    if (difference !== null) return wrong(difference);
  }
  return forked === null ? null : foldViolation(history, license, forked);
};

const foldViolation = (
  history: readonly Stamped<LicenseEvent>[],
  license: License,
  { copy, before, length }: { readonly copy: License; readonly before: string; readonly length: number },
): string | null => {
  const after = canonical(license);
  if (canonical(copy) !== before) return 'a fork changed with its origin';
  if (canonical(fold(licenseDecider, history)) !== after) return 'fold of the history is another state';
  const stored: Stamped<LicenseEvent>[] = JSON.parse(JSON.stringify(history));
  if (canonical(fold(licenseDecider, stored)) !== after) return 'fold of the stored history is another state';
  let moved = fold(licenseDecider, history.slice(0, length));
  if (canonical(moved) !== before) return `fold of the first ${length} events is another state`;
  moved = copy;
  for (const { event, at } of history.slice(length)) moved = evolve(moved, event, at);
  return canonical(moved) === after ? null : 'a fork did not come to the same state';
};

// The status moves with the clock, so it is looked at even when nothing happened.
const statusDifference = (model: Model, license: License, at: string): string | null => {
  if (license.kind === 'unissued') return null;
  const [state, expected] = [effectiveStatus(license.facts, at), statusOf(model, Date.parse(at))];
  return state === expected ? null : `status: ${state}, not ${expected}`;
};

const differenceOf = (model: Model, license: License): string | null => {
  if (license.kind === 'unissued') return 'not issued';
  const { facts, activations, byFingerprint, leases, users } = license;
  const { products, usage, term, limits, policy, holderOrgId } = facts;
  const endOf = (instant: string | null) => (instant === null ? Infinity : Date.parse(instant));
  // What the state says, and what the model says; compared as texts.
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['renewal mode', facts.renewal, model.mode],
    ['scheduled', facts.scheduled.map(({ eventId }) => eventId), model.later.map(({ id }) => id)],
    ['activations', [...activations.keys()], [...model.devices.values()].map(({ id }) => id)],
    ['fingerprints', [...byFingerprint.keys()], [...model.devices.keys()]],
    ['leases', [...leases.values()].map(leaseText), [...model.leases.values()].map(({ id, end }) => `${id} ${end}`)],
    ['users', [...users], [...model.users]],
    ['devices and users counted', [usage.activations, usage.users], [model.devices.size, model.users.size]],
    ['products', products, [...model.products]],
    ['policy', [policy.policyId, holderOrgId], [model.policy.policyId, model.holder]],
    ['limits', JSON.stringify(limits), JSON.stringify(model.limits)],
    ['meters', Object.entries(usage.meters), [...model.used]],
    ['term', [term.number, endOf(term.expiresAt)], [model.term.number, model.term.end]],
    ['announced', [facts.announcedTerm, facts.graceEndedTerm], [model.term.announced, model.term.graceEnded]],
  ];
  for (const [what, state, expected] of pairs)
    if (String(state) !== String(expected)) return `${what}: ${String(state)}, not ${String(expected)}`;
  return null;
};

const leaseText = ({ leaseId, expiresAt }: Lease): string => `${leaseId} ${Date.parse(expiresAt)}`;
