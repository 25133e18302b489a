import { describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../../../src/domain/license/license.ts';
import type { MeterPeriod, MeterRules } from '../../../../src/domain/license/usage/meter-rules.ts';
import {
  countersOf,
  countersWith,
  inTermAt,
  usageAt,
  withoutOtherResets,
} from '../../../../src/domain/license/usage/term-counters.ts';
import { policyWith } from '../commands.ts';
import { expiresAt, issued, licenseAfter, noon } from '../examples.ts';

// Which counters of several meters go on, and which begin at 0.

const [june, july] = ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z'];
const monthly = (from: string, until: string | null): MeterPeriod => ({ resets: 'P1M', from, until });
const never: MeterPeriod = { resets: 'NEVER', from: '2026-01-01T00:00:00.000Z', until: null };
const meterRules: MeterRules = { builds: { resets: 'P1M' }, exports: { resets: 'NEVER' } };

const plain = licenseAfter(issued({ policy: policyWith({ meterRules }) })).facts;
const counting = (meters: Readonly<Record<string, number>>, more: Partial<LicenseFacts> = {}): LicenseFacts => ({
  ...plain,
  usage: { ...plain.usage, meters },
  ...more,
});
const mixed = counting(
  { builds: 5, exports: 7, seats_used: 9 },
  { meterPeriods: { builds: monthly(june, july), exports: never }, countersFrom: june },
);

describe('At the end of the period of one meter', () => {
  test('the others go on', () => {
    expect(usageAt(mixed, noon).meters).toEqual({ builds: 5, exports: 7, seats_used: 9 });
    expect(usageAt(mixed, july).meters).toEqual({ exports: 7, seats_used: 9 });
  });

  test('the next event finds the others, their periods, and the start of the counters of the term', () => {
    const { usage, meterPeriods, countersFrom, nextTerms } = inTermAt(mixed, july);
    expect(usage.meters).toEqual({ exports: 7, seats_used: 9 });
    expect([meterPeriods, countersFrom, nextTerms]).toEqual([{ exports: never }, june, []]);
  });

  test('nothing is copied while every counter goes on', () => {
    expect(inTermAt(mixed, noon)).toBe(mixed);
    expect(usageAt(mixed, noon)).toBe(mixed.usage);
    expect(countersWith(mixed, () => true).meters).toBe(mixed.usage.meters);
  });
});

test('A renewed term begins the counters at 0, except those that never reset', () => {
  const renewed = { ...mixed, nextTerms: [july] };
  expect(inTermAt(renewed, july)).toMatchObject({
    usage: { meters: { exports: 7 } },
    meterPeriods: { exports: never },
    countersFrom: july,
    nextTerms: [],
  });
});

describe('A renewal after the end', () => {
  const later = '2027-03-01T00:00:00.000Z';
  const used = counting(
    { builds: 5, exports: 7, seats_used: 9, old: 11 },
    {
      meterPeriods: {
        builds: monthly(expiresAt, '2027-02-01T00:00:00.000Z'),
        exports: never,
        old: monthly('2026-12-01T00:00:00.000Z', expiresAt),
      },
      metersAfterEnd: { seats_used: 2 },
    },
  );

  test('from the end takes over what was used since then', () => {
    const { usage, meterPeriods } = countersOf(used, expiresAt, later);
    expect(usage.meters).toEqual({ builds: 5, exports: 7, seats_used: 2 });
    expect(Object.keys(meterPeriods)).toEqual(['builds', 'exports']);
  });

  test('from another instant keeps only what never resets', () => {
    const { usage, meterPeriods } = countersOf(used, later, later);
    expect([usage.meters, meterPeriods]).toEqual([{ exports: 7 }, { exports: never }]);
    // Also from one before which the period of a meter began.
    expect(countersOf(used, '2026-11-01T00:00:00.000Z', later).usage.meters).toEqual({ exports: 7 });
  });
});

describe('A change of what resets one meter', () => {
  const withRules = (rules: MeterRules): LicenseFacts => ({ ...mixed, policy: policyWith({ meterRules: rules }) });

  test('begins it at 0, and the others go on', () => {
    const weekly = withoutOtherResets(withRules({ ...meterRules, builds: { resets: 'P1W' } }), mixed);
    expect([weekly.usage.meters, weekly.meterPeriods]).toEqual([{ exports: 7, seats_used: 9 }, { exports: never }]);
  });

  test('forgets what it used after the end of the last term, and nothing of the others', () => {
    const before = counting({ seats_used: 4, jobs: 6 }, { metersAfterEnd: { seats_used: 1, jobs: 2 } });
    const changed = { ...before, policy: policyWith({ meterRules: { ...meterRules, jobs: { resets: 'P1M' } } }) };
    const { usage, metersAfterEnd } = withoutOtherResets(changed, before);
    expect([usage.meters, metersAfterEnd]).toEqual([{ seats_used: 4 }, { seats_used: 1 }]);
  });

  test('does not include a change of the overage alone', () => {
    const same = withRules({ ...meterRules, builds: { resets: 'P1M', overage: { kind: 'ALWAYS' } } });
    expect(withoutOtherResets(same, mixed)).toBe(same);
  });
});
