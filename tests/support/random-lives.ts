import { isRejection, type Stamped, stamp } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { dueCommands } from '../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { License, LicenseFacts } from '../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { Target } from '../../src/domain/license/tiers/tier-events.ts';
import { fromMs, toMs } from '../../src/domain/time.ts';
import { command, enterprise, free, policyWith, to, trial } from '../domain/license/commands.ts';
import {
  activate,
  deactivate,
  issue,
  issuedAt,
  reinstate,
  renew,
  revoke,
  suspend,
} from '../domain/license/examples.ts';
import { type Chance, chanceOf } from './chance.ts';

// Random lives of a license, each with a worker: one that carries out everything at its instant, one that comes a week
// late, and one that never comes.

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const { decide, evolve, initial } = licenseDecider;

/** When the worker comes that records what has fallen due. */
export const workers = ['on time', 'a week late', 'never'] as const;
export type Worker = (typeof workers)[number];

/** A license, and the events of its life so far. */
export type Life = { license: License; readonly history: Stamped<LicenseEvent>[]; workedUntil: string };

const policies: readonly [PinnedPolicy, ...PinnedPolicy[]] = [
  policyWith({ expiryGraceSeconds: 2 * 86_400, remindBefore: [] }),
  policyWith({ limitStrategy: 'EVICT_OLDEST', remindBefore: [], maintenance: 'P1D' }),
  { ...trial, remindBefore: [], maintenance: 'TERM' },
  { ...trial, remindBefore: [], expiryGraceSeconds: 86_400 },
  { ...trial, remindBefore: [], trialEnd: 'EXPIRE' },
];
const small = { activations: 1, seats: 0, users: 0, meters: {} };
const targets: readonly [Target, Target, Target] = [
  to({ ...free, limitStrategy: 'EVICT_OLDEST' }, { limits: small, products: ['local_cli'] }),
  to({ ...free, policyId: 'pol_strict', limitStrategy: 'REJECT' }, { limits: small }),
  to(enterprise, {
    limits: { ...small, activations: 5, users: 'unlimited' },
    products: ['local_cli', 'cloud_ide', 'workflow_app'],
  }),
];

const drawCommand = (chance: Chance, at: string): LicenseCommand => {
  const ahead = () => ({ effectiveAt: fromMs(toMs(at) + (1 + chance.below(12)) * dayMs) });
  const scheduled = chance.percent(70) ? { scheduled: ahead() } : {};
  const device = chance.one(['a', 'b', 'c']);
  switch (chance.below(11)) {
    case 0:
    case 1:
      return command('ChangeTier', { target: chance.one(targets), ...scheduled }, at);
    case 2:
      return suspension(chance, at, scheduled);
    case 3:
      return command('SetRenewal', { to: chance.one(['auto', 'cancelAtPeriodEnd']), ...scheduled }, at);
    case 4:
      return renew({ duration: 'P9D', basis: 'FROM_NOW_IF_EXPIRED', reasonCode: 'PAYMENT' }, at);
    case 5:
      return reinstate(at);
    case 6:
      return deactivate(device, at);
    case 7:
      return chance.percent(20) ? revoke(at) : suspend('ADMIN', null, at);
    case 8:
      return command(
        'ConvertTrial',
        {
          target: to(policyWith({ policyId: 'pol_paid' })),
          term: { kind: 'duration', duration: 'P20D' },
          billingRef: null,
        },
        at,
      );
    default:
      return activate(device, at, chance.one(['local_cli', 'cloud_ide']));
  }
};

// Half of the suspensions end by themselves, so that some overlap and adjoin.
const suspension = (
  chance: Chance,
  at: string,
  scheduled: { readonly scheduled?: { readonly effectiveAt: string } },
) => {
  const from = toMs(scheduled.scheduled?.effectiveAt ?? at);
  const until = chance.percent(50) ? fromMs(from + chance.one([1, 2, 5]) * dayMs) : null;
  return command('Suspend', { reasonCode: chance.one(['PAYMENT', 'FRAUD']), until, ...scheduled }, at);
};

/** Draws the commands of a life, from its issue on, and when it ends, in milliseconds. */
export const drawLife = (seed: number): { readonly commands: readonly LicenseCommand[]; readonly end: number } => {
  const chance = chanceOf(seed);
  const term = { kind: 'duration', duration: `P${2 + chance.below(12)}D`, startsAt: null } as const;
  const first = issue({ policy: chance.one(policies), term, afterTrial: chance.one([targets[0], targets[1]]) });
  let now = toMs(issuedAt);
  const commands: LicenseCommand[] = [first];
  for (let count = 3 + chance.below(7); count > 0; count--) {
    now += chance.one([0, 1, hourMs, dayMs, dayMs, 3 * dayMs]);
    commands.push(drawCommand(chance, fromMs(now)));
  }
  return { commands, end: now + 15 * dayMs };
};

const send = (life: Life, sent: LicenseCommand): void => {
  const decision = decide(sent, life.license, (index) => `evt_${sent.at}_${life.history.length}_${index}`);
  if (isRejection(decision)) return;
  for (const event of decision) {
    const stamped = stamp(event, sent.at);
    life.history.push(stamped);
    life.license = evolve(life.license, event, stamped.at);
  }
};

/** Sends what falls due until `until`, each at its instant, or a week after it. */
const work = (life: Life, worker: Worker, until: number): void => {
  for (let count = 0; count < 100; count++) {
    const due = life.license.kind === 'unissued' ? null : nextDue(life.license.facts, worker, until);
    if (due === null) return;
    send(life, { ...due, at: fromMs(Math.max(toMs(due.at), toMs(life.workedUntil))) });
  }
};

/** Returns the next command of a worker until `until`, in milliseconds; null when it sends none. */
export const nextDue = (facts: LicenseFacts, worker: Worker, until: number): LicenseCommand | null => {
  if (worker === 'never') return null;
  const delay = worker === 'on time' ? 0 : 7 * dayMs;
  const [due] = dueCommands(facts, fromMs(until - delay)).filter(
    ({ type }) => type !== 'AnnounceEnded' && type !== 'Remind',
  );
  return due === undefined ? null : ({ ...due, at: fromMs(dueAt(facts, due) + delay) } as LicenseCommand);
};

/** Finds when a command fell due, by asking at each instant that its license names. */
const dueAt = (facts: LicenseFacts, due: ReturnType<typeof dueCommands>[number]): number => {
  const isDueAt = (at: number) =>
    dueCommands(facts, fromMs(at)).some((other) => JSON.stringify(other) === JSON.stringify(due));
  const instants = instantsOf(facts).toSorted((a, b) => a - b);
  return instants.find(isDueAt) ?? instants.at(-1) ?? 0;
};

/** Every instant that the facts name around which an answer may change. */
const instantsOf = ({ term, policy, scheduled, keyOverlaps, suspension }: LicenseFacts): readonly number[] => {
  const end =
    term.expiresAt === null ? [] : [toMs(term.expiresAt), toMs(term.expiresAt) + policy.expiryGraceSeconds * 1000];
  return [
    ...end,
    ...scheduled.map(({ effectiveAt }) => toMs(effectiveAt)),
    ...[suspension, ...scheduled.map(({ change }) => change)].flatMap((ending) =>
      ending !== null && 'until' in ending && ending.until !== null ? [toMs(ending.until)] : [],
    ),
    ...keyOverlaps.map(({ until }) => toMs(until)),
  ];
};

/** Lives a life to its end. */
export const live = (commands: readonly LicenseCommand[], worker: Worker, end: number): Life => {
  const life: Life = { license: initial(), history: [], workedUntil: '' };
  for (const sent of commands) {
    work(life, worker, toMs(sent.at));
    send(life, sent);
    life.workedUntil = sent.at;
  }
  work(life, worker, end);
  return life;
};

/** Returns the instants of a life, in milliseconds, around which an answer may change: just before, at and just after. */
export const instantsAround = (commands: readonly LicenseCommand[], lives: readonly Life[], end: number) => {
  const instants = new Set(commands.flatMap(({ at }) => [toMs(at), toMs(at) + 1]));
  for (const { history } of lives)
    for (const { at, event } of history) {
      const named = [at.effectiveAt, 'expiresAt' in event.data ? event.data.expiresAt : null];
      for (const instant of named)
        if (instant !== null) for (const shift of [-1, 0, 1, dayMs]) instants.add(toMs(instant) + shift);
    }
  return [...instants].filter((ms) => ms >= toMs(issuedAt) && ms <= end).toSorted((a, b) => a - b);
};
