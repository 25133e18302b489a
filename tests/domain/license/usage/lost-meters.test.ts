import { describe, expect, test } from 'vitest';
import { isRejection, type Stamped, stamp } from '../../../../src/domain/decider.ts';
import type { CommandOf, LicenseCommand } from '../../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { usageOutcomes } from '../../../../src/domain/license/usage/decide-usage.ts';
import { usageAt } from '../../../../src/domain/license/usage/term-counters.ts';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import { command } from '../commands.ts';
import { expiresAt, issued, issuedAt, licenseAfter, noon, pro, twoDevices } from '../examples.ts';

type Entry = CommandOf<'RecordUsage'>['data']['entries'][number];
const use = (usageId: string, quantity: number, changes: Partial<Entry> = {}): Entry => ({
  ...{ usageId, quantity, occurredAt: noon, commandId: `command-${usageId}` },
  ...changes,
});
const fix = (usageId: string, corrects: string, quantity: number, changes: Partial<Entry> = {}): Entry =>
  use(usageId, quantity, { corrects, ...changes });
const record = (entries: readonly Entry[], at = noon, more: object = {}): CommandOf<'RecordUsage'> => ({
  type: 'RecordUsage',
  data: { meter: 'builds', entries, ...more },
  at,
});

type History = readonly Stamped<LicenseEvent>[];
const license = (policy: typeof pro = pro) =>
  issued({ policy, limits: { ...twoDevices, meters: { builds: 10, exports: 10 } } });
const outcomes = (history: History, sent: CommandOf<'RecordUsage'>) =>
  usageOutcomes(sent, licenseAfter(...history)).map((one) => (typeof one === 'string' ? one : one.rejected));
const decided = (history: History, sent: LicenseCommand): readonly LicenseEvent[] => {
  const decision = licenseDecider.decide(sent, licenseAfter(...history), testEventIds);
  if (isRejection(decision)) throw new Error(decision.rejected);
  return decision;
};
const total = (history: History) => usageAt(licenseAfter(...history).facts, noon).meters.builds ?? 0;
/** The history after a command at its own instant. */
const andThen = (history: History, ...commands: readonly LicenseCommand[]): History => {
  const events = [...history];
  for (const sent of commands) events.push(...decided(events, sent).map((event) => stamp(event, sent.at)));
  return events;
};

describe('A correction of usage of a meter that the license has lost since', () => {
  const lose = (at = noon) => command('ChangeLimits', { limits: { ...twoDevices, meters: { exports: 10 } } }, at);
  const history = andThen([license()], record([use('u1', 6)]), lose());

  test('lowers the period that counted the usage, and states a limit of 0', () => {
    const [event] = decided(history, record([fix('c1', 'u1', -2)]));
    expect(event).toMatchObject({
      type: 'UsageCorrected',
      data: { entries: [{ counter: 1, periodStart: issuedAt, periodEnd: expiresAt }], totalAfter: 4, limit: 0 },
    });
    expect(total(andThen(history, record([fix('c1', 'u1', -6)])))).toBe(0);
  });
  test('finds a period that the read models know', () => {
    const [at, ofDay] = [
      plusSeconds(noon, 2 * 86_400),
      { resets: 'P1D', periodStart: issuedAt, periodEnd: noon } as const,
    ];
    const counted = { counter: 1, ...ofDay, corrected: 0, wasReset: false };
    const uses = [{ usageId: 'u1', quantity: 6, commandId: 'command-u1', recordedAt: noon, number: 1, counted }];
    const daily = license({ ...pro, meterRules: { builds: { resets: 'P1D' } } });
    const [event] = decided(
      andThen([daily], record([use('u1', 6)]), lose()),
      record([fix('c1', 'u1', -2, { occurredAt: at })], at, { earlier: { uses, events: 1 } }),
    );
    expect(event?.data).toMatchObject({ entries: [{ counter: 1, ...ofDay }] });
  });
  test('counts with usage that was counted before, and new usage is refused alone', () => {
    const sent = record([use('u1', 6), use('u2', 1), fix('c1', 'u1', -2), fix('c2', 'u2', -1)]);
    expect(outcomes(history, sent)).toEqual(['REPEATED', 'LIMIT_INVALID', 'COUNTED', 'USAGE_NOT_FOUND']);
  });
  test('is refused when the meter never counted anything', () => {
    const other = andThen([license()], lose());
    expect(outcomes(other, record([fix('c1', 'u1', -2)]))).toEqual(['LIMIT_INVALID']);
  });
});

test('The refusal of an unknown meter names the meters of the license, at most 20', () => {
  const refusalOf = (meters: Record<string, number>) => {
    const [refusal] = usageOutcomes(
      { type: 'RecordUsage', data: { meter: 'buidls', entries: [use('u1', 1)] }, at: noon },
      licenseAfter(issued({ limits: { ...twoDevices, meters } })),
    );
    return refusal;
  };
  expect(refusalOf({ exports: 1, builds: 1 })).toMatchObject({
    rejected: 'LIMIT_INVALID',
    place: ['meter'],
    detail: expect.stringContaining('has no meter buidls. Its meters: builds, exports.'),
  });
  expect(refusalOf({})).toMatchObject({ detail: expect.stringContaining('Its meters: none.') });
  const many = Object.fromEntries(Array.from({ length: 23 }, (_, index) => [`m${100 + index}`, 1]));
  expect(refusalOf(many)).toMatchObject({ detail: expect.stringMatching(/: m100, .*, m119 and 3 more\.$/) });
});
