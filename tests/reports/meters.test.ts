import { describe, expect, test } from 'vitest';
import { isRejection } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { limitOverrides } from '../../src/domain/license/overrides/overrides.ts';
import { settle } from '../../src/domain/license/settle.ts';
import type { Target } from '../../src/domain/license/tiers/tier-events.ts';
import { changedLimits } from '../../src/domain/license/usage/usage-limits.ts';
import { command, enterprise, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import { given, issue, issued, licenseAfter, tomorrow, twoDevices } from '../domain/license/examples.ts';
import { testEventIds } from '../support/event-ids.ts';

// People complained that a program which used a new name for each meter made a license so big that no command on it
// worked any longer.

type Meters = Readonly<Record<string, number | null>>;
type History = ReturnType<typeof followedBy>;

const named = <Limit extends number | null>(count: number, limit: Limit, prefix = 'm') =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, limit]));
const limitsWith = (meters: Readonly<Record<string, number>>) => ({ ...twoDevices, meters });

/** Returns the command of a request to change these meters of a license. */
const change = (history: History, meters: Meters): LicenseCommand =>
  command('ChangeLimits', {
    limits: changedLimits(licenseAfter(...history).facts.limits, { meters }),
    overrides: limitOverrides({ meters }),
  });
const changedBy = (history: History, ...changes: readonly Meters[]): History =>
  changes.reduce((before, meters) => followedBy(before, change(before, meters)), history);
const besideOf = (history: History) => licenseAfter(...history).facts.overrides?.limits?.meters ?? {};

const plain: History = [issued()];
const full = changedBy(plain, named(100, 5));
const ofPolicy: History = [issued({ limits: limitsWith(named(100, 5)) })];
const overfull: History = [
  issued({ limits: limitsWith(named(120, 5)), overrides: { limits: { meters: named(120, 5) } } }),
];
const removed = changedBy(full, named(100, null));

describe('A license has at most 100 meters', () => {
  test.each<readonly [what: string, history: History, meters: Meters, outcome: 'QUOTA_EXCEEDED' | 'nothing' | 'done']>([
    ['The 100th meter is accepted', changedBy(plain, named(99, 5)), { x: 1 }, 'done'],
    ['The 101st meter is refused', full, { x: 1 }, 'QUOTA_EXCEEDED'],
    ['The 101st meter is refused, when the policy gave the others', ofPolicy, { x: 1 }, 'QUOTA_EXCEEDED'],
    ['A removed meter counts', removed, { x: 1 }, 'QUOTA_EXCEEDED'],
    ['A full license gets another number for a meter', full, { m1: 6 }, 'done'],
    ['A removed meter comes back', removed, { m1: 6 }, 'done'],
    ['A meter of a full license is removed', full, { m1: null }, 'done'],
    ['A meter that the policy gave is removed from a full license', ofPolicy, { m1: null }, 'done'],
    ['Removing meters that the license does not have changes nothing', plain, named(50, null), 'nothing'],
    ['Removing a meter once more changes nothing', removed, { m1: null }, 'nothing'],
    ['A license of an earlier build with more meters gets another number', overfull, { m1: 6 }, 'done'],
    ['A license of an earlier build with more meters loses one', overfull, { m1: null }, 'done'],
    ['A license of an earlier build with more meters gets no further one', overfull, { x: 1 }, 'QUOTA_EXCEEDED'],
  ])('%s', (_, history, meters, outcome) => {
    const decision = licenseDecider.decide(change(history, meters), licenseAfter(...history), testEventIds);
    const kind = isRejection(decision) ? decision.rejected : decision.length === 0 ? 'nothing' : 'done';
    expect(kind).toBe(outcome);
  });

  test('300 requests that each remove 50 unknown meters leave no trace', () => {
    const removals = Array.from({ length: 300 }, (_, n) => named(50, null, `n${n}_`));
    expect(changedBy(plain, ...removals)).toEqual(plain);
  });
  test('A request that sets one meter and removes an unknown one keeps the first alone', () =>
    expect(besideOf(changedBy(plain, { x: 1, y: null }))).toEqual({ x: 1 }));
  test('A meter that was sold and removed again stays removed', () =>
    expect(besideOf(changedBy(plain, { x: 1 }, { x: null }))).toEqual({ x: null }));
  test('The refusal says what to do', () => {
    const decision = licenseDecider.decide(change(full, { x: 1 }), licenseAfter(...full), testEventIds);
    expect(isRejection(decision) && decision.detail).toBe(
      'License lic_1 would have 101 meters, those that were removed included. At most 100 are possible. Use meters that it has, or change its policy with overrides RESET.',
    );
  });
});

describe('A move to another policy gives a license at most 100 meters', () => {
  const big = (more: Partial<Target> = {}) => to(enterprise, { limits: limitsWith(named(1, 9, 'new')), ...more });
  const scheduled = { effectiveAt: tomorrow };
  const term = { kind: 'duration', duration: 'P1Y' } as const;
  const ofTrial: History = [
    issued({ policy: trial, limits: limitsWith(named(100, 5)), overrides: { limits: { meters: named(100, 5) } } }),
  ];
  test.each<readonly [what: string, command: LicenseCommand, history: History]>([
    ['A change of tier', command('ChangeTier', { target: big() }), full],
    ['A change of policy', command('ChangePolicy', { target: { ...big(), policy: policyWith({ version: 2 }) } }), full],
    ['An announced change', command('ChangeTier', { target: big(), scheduled }), full],
    ['A conversion', command('ConvertTrial', { target: big(), term, billingRef: null }), ofTrial],
  ])('%s is refused above that', (_, command, history) =>
    given(...history)
      .when(command)
      .thenRejected('QUOTA_EXCEEDED'),
  );
  test('RESET makes place for other meters', () => {
    const reset = command('ChangeTier', { target: big({ resetsOverrides: true }) });
    const history = changedBy(followedBy(removed, reset), named(99, 1, 'other'));
    expect(Object.keys(licenseAfter(...history).facts.limits.meters)).toHaveLength(100);
  });
  test('An announced change is carried out, when further meters were sold in between', () => {
    const announced = followedBy(plain, command('ChangeTier', { target: big(), scheduled }));
    const { license } = settle(licenseAfter(...changedBy(announced, named(100, 5))), tomorrow);
    expect(Object.keys(license.facts.limits.meters)).toHaveLength(101);
  });
});

const imported = ({ data, at }: LicenseCommand): LicenseCommand => {
  const source = { source: 'other', sourceRef: 'lic-7', historyFrom: at };
  return { type: 'ImportLicense', at, data: { ...data, ...source } } as LicenseCommand;
};

test.each([
  ['issued', issue({ limits: limitsWith(named(101, 1)) })],
  ['imported', imported(issue({ limits: limitsWith(named(101, 1)) }))],
  [
    'issued with meters beside those of the policy',
    issue({ limits: limitsWith(named(60, 1)), overrides: { limits: { meters: named(41, null, 'n') } } }),
  ],
])('A license with 101 meters is not %s', (_, command) => {
  expect(licenseDecider.decide(command, licenseDecider.initial(), testEventIds)).toMatchObject({
    rejected: 'INVALID_REQUEST',
    detail: 'A license has at most 100 meters, not 101.',
    place: ['limits', 'meters'],
  });
});
