import { expect, test } from 'vitest';
import { fold, isRejection, type Stamped, stamp } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { dueCommands } from '../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { IssuedLicense, License } from '../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { settle, settledAt } from '../../src/domain/license/settle.ts';
import { effectiveStatus, renewalAt } from '../../src/domain/license/status.ts';
import type { Target } from '../../src/domain/license/tiers/tier-events.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
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
import { type Chance, chanceOf, runSeed } from '../support/chance.ts';
import { sized } from '../support/size.ts';

// Random lives, each with three workers: one that carries out everything at its instant, one that comes a week late, and
// one that never comes. Customers must not notice which one it was.

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const { decide, evolve, initial } = licenseDecider;

type Worker = 'on time' | 'a week late' | 'never';
type Life = { license: License; readonly history: Stamped<LicenseEvent>[]; workedUntil: string };

const policies: readonly [PinnedPolicy, ...PinnedPolicy[]] = [
  policyWith({ expiryGraceSeconds: 2 * 86_400, remindBefore: [] }),
  policyWith({ limitStrategy: 'EVICT_OLDEST', remindBefore: [] }),
  { ...trial, remindBefore: [] },
  { ...trial, remindBefore: [], expiryGraceSeconds: 86_400 },
  { ...trial, remindBefore: [], trialEnd: 'EXPIRE' },
];
const small = { activations: 1, seats: 0, users: 0, meters: {} };
const targets: readonly [Target, Target, Target] = [
  to({ ...free, limitStrategy: 'EVICT_OLDEST' }, { limits: small, products: ['local_cli'] }),
  to({ ...free, policyId: 'pol_strict', limitStrategy: 'REJECT' }, { limits: small }),
  to(enterprise, { limits: { ...small, activations: 5 }, products: ['local_cli', 'cloud_ide', 'workflow_app'] }),
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
      return command('Suspend', { reasonCode: chance.one(['PAYMENT', 'FRAUD']), until: null, ...scheduled }, at);
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

const drawLife = (seed: number): { readonly commands: readonly LicenseCommand[]; readonly end: number } => {
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
  if (worker === 'never') return;
  const delay = worker === 'on time' ? 0 : 7 * dayMs;
  for (let count = 0; count < 100; count++) {
    if (life.license.kind === 'unissued') return;
    const [due] = dueCommands(life.license.facts, fromMs(until - delay)).filter(
      ({ type }) => type !== 'AnnounceEnded' && type !== 'Remind',
    );
    if (due === undefined) return;
    const from = dueAt(life.license, due);
    send(life, { ...due, at: fromMs(Math.max(from + delay, toMs(life.workedUntil))) } as LicenseCommand);
  }
};

/** Finds when a command fell due, by asking at each instant that its license names. */
const dueAt = ({ facts }: IssuedLicense, due: ReturnType<typeof dueCommands>[number]): number => {
  const isDueAt = (at: number) =>
    dueCommands(facts, fromMs(at)).some((other) => JSON.stringify(other) === JSON.stringify(due));
  const instants = instantsOf(facts).toSorted((a, b) => a - b);
  return instants.find(isDueAt) ?? instants.at(-1) ?? 0;
};

/** Every instant that the facts name around which an answer may change. */
const instantsOf = ({ term, policy, scheduled, keyOverlaps }: IssuedLicense['facts']): readonly number[] => {
  const end =
    term.expiresAt === null ? [] : [toMs(term.expiresAt), toMs(term.expiresAt) + policy.expiryGraceSeconds * 1000];
  return [
    ...end,
    ...scheduled.map(({ effectiveAt }) => toMs(effectiveAt)),
    ...keyOverlaps.map(({ until }) => toMs(until)),
  ];
};

const live = (commands: readonly LicenseCommand[], worker: Worker, end: number): Life => {
  const life: Life = { license: initial(), history: [], workedUntil: '' };
  for (const sent of commands) {
    work(life, worker, toMs(sent.at));
    send(life, sent);
    life.workedUntil = sent.at;
  }
  work(life, worker, end);
  return life;
};

/** What a customer sees at `at`: the license, and what validation says for each device. */
const seenOf = (license: License, at: string) => {
  if (license.kind === 'unissued') return null;
  const { facts } = license;
  const verdicts = ['hash-a', 'hash-b', 'hash-c'].map((fingerprint) => {
    const scope = { product: 'local_cli', fingerprint };
    return validate(validationView(license, scope), scope, at);
  });
  return JSON.stringify({
    status: effectiveStatus(facts, at),
    renewal: renewalAt(facts, at),
    tier: facts.policy.tier,
    policy: facts.policy.policyId,
    products: facts.products,
    term: facts.term,
    limits: facts.limits,
    usage: facts.usage,
    devices: [...license.activations.keys()],
    scheduled: facts.scheduled.filter(({ effectiveAt }) => effectiveAt > at).map(({ change }) => change.kind),
    verdicts,
  });
};

/** GET at `at`: what was recorded by then, and what had fallen due. */
const readAt = ({ history }: Life, at: string) =>
  seenOf(
    settledAt(
      fold(
        licenseDecider,
        history.filter(({ at: { recordedAt } }) => recordedAt <= at),
      ),
      at,
    ),
    at,
  );

/** asOf: what was recorded or took effect by then, also when it was recorded later. */
const pastAt = ({ history }: Life, at: string) =>
  seenOf(
    settledAt(
      fold(
        licenseDecider,
        history.filter(({ at: { recordedAt, effectiveAt } }) => recordedAt <= at || effectiveAt <= at),
      ),
      at,
    ),
    at,
  );

const seed = runSeed();
console.log(`due at the instant: LEDGER_SEED=${seed}`);

test('Nobody notices whether the worker ran, came a week late or never came', { timeout: 1_800_000 }, () => {
  let changed = 0;
  for (let index = 0; index < sized(10_000, 30); index++) {
    const { commands, end } = drawLife(seed + index);
    const [onTime, late, never] = (['on time', 'a week late', 'never'] as const).map((worker) =>
      live(commands, worker, end),
    );
    if (onTime === undefined || late === undefined || never === undefined) throw new Error('Three lives were lived.');
    const instants = new Set(commands.flatMap(({ at }) => [toMs(at), toMs(at) + 1]));
    for (const { history } of [onTime, never])
      for (const { at, event } of history) {
        const named = [at.effectiveAt, 'expiresAt' in event.data ? event.data.expiresAt : null];
        for (const instant of named)
          if (instant !== null) for (const shift of [-1, 0, 1, 86_400_000]) instants.add(toMs(instant) + shift);
      }
    for (const instant of [...instants].filter((ms) => ms >= toMs(issuedAt) && ms <= end)) {
      const at = fromMs(instant);
      const expected = readAt(onTime, at);
      const what = `seed ${seed + index}, at ${at}`;
      for (const life of [late, never]) expect(readAt(life, at), what).toBe(expected);
      for (const life of [onTime, late, never]) expect(pastAt(life, at), `as of, ${what}`).toBe(expected);
    }
    changed += never.history.filter(({ event: { type } }) => type === 'LicenseTierChanged').length;
    // Deciding what has fallen due twice changes nothing.
    if (never.license.kind === 'issued') {
      const { license } = settle(never.license, fromMs(end));
      expect(settle(license, fromMs(end)).events).toEqual([]);
    }
  }
  expect(changed).toBeGreaterThan(0);
});
