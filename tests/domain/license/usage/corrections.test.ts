import { describe, expect, test } from 'vitest';
import { isRejection, type Stamped, stamp } from '../../../../src/domain/decider.ts';
import type { CommandOf, LicenseCommand } from '../../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { usageOutcomes } from '../../../../src/domain/license/usage/decide-usage.ts';
import { usageAt } from '../../../../src/domain/license/usage/term-counters.ts';
import type { EarlierUse } from '../../../../src/domain/license/usage/usage-commands.ts';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import { command, followedBy } from '../commands.ts';
import {
  expiresAt,
  issued,
  issuedAt,
  licenseAfter,
  noon,
  pro,
  renew,
  revoke,
  suspend,
  twoDevices,
} from '../examples.ts';

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
const reset = (at = noon) => command('ResetUsage', { meter: 'builds' }, at);

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
const total = (history: History, at = noon, meter = 'builds') =>
  usageAt(licenseAfter(...history).facts, at).meters[meter] ?? 0;
/** The history after a command at its own instant. */
const andThen = (history: History, ...commands: readonly LicenseCommand[]): History => {
  const events = [...history];
  for (const sent of commands) events.push(...decided(events, sent).map((event) => stamp(event, sent.at)));
  return events;
};
const later = (seconds: number) => plusSeconds(noon, seconds);
const day = 86_400;

describe('A correction', () => {
  const history = followedBy([license()], record([use('u1', 6)]));

  test('says which event counted the usage, and the period that it lowers', () => {
    const entry = { ...fix('c1', 'u1', -2), countedAt: noon, countedBy: 1, counter: 1 };
    const period = { periodStart: issuedAt, periodEnd: expiresAt };
    expect(decided(history, record([fix('c1', 'u1', -2)]))).toEqual([
      {
        type: 'UsageCorrected',
        data: { meter: 'builds', entries: [{ ...entry, ...period }], totalAfter: 4, limit: 10, overage: false },
      },
    ]);
  });
  test('may take back all of a usage in parts, and no more', () => {
    const twice = andThen(history, record([fix('c1', 'u1', -2)]), record([fix('c2', 'u1', -4)], later(60)));
    expect(total(twice)).toBe(0);
    const third = record([fix('c3', 'u1', -1)], later(120));
    expect(usageOutcomes(third, licenseAfter(...twice))).toEqual([
      {
        rejected: 'CORRECTION_EXCEEDS_USAGE',
        detail: expect.stringContaining('was 6, and 0 of it is left'),
        place: ['quantity'],
      },
    ]);
  });
  test('of usage in the same command follows it, and each event states the total of its turn', () => {
    const entries = [use('u2', 4), fix('c1', 'u2', -3), fix('c2', 'u1', -1), use('u3', 4), fix('c3', 'u2', -2)];
    expect(outcomes(history, record(entries))).toEqual([
      'COUNTED',
      'COUNTED',
      'COUNTED',
      'COUNTED',
      'CORRECTION_EXCEEDS_USAGE',
    ]);
    const events = decided(history, record(entries));
    expect(events.map(({ type, data }) => [type, 'totalAfter' in data && data.totalAfter])).toEqual([
      ['UsageBatchRecorded', 10],
      ['UsageCorrected', 6],
      ['UsageBatchRecorded', 10],
    ]);
    const corrected = events[1]?.type === 'UsageCorrected' ? events[1].data.entries : [];
    expect(corrected.map(({ countedBy, counter }) => [countedBy, counter])).toEqual([
      [2, 1],
      [1, 1],
    ]);
    expect(total(andThen(history, record(entries)))).toBe(10);
  });
  test('of the first usage of a counter names the event that begins it', () => {
    const [, corrected] = decided([license()], record([use('u1', 5), fix('c1', 'u1', -5)]));
    expect(corrected?.data).toMatchObject({ entries: [{ countedBy: 1, counter: 1 }], totalAfter: 0 });
    expect(total(andThen([license()], record([use('u1', 5), fix('c1', 'u1', -5)])))).toBe(0);
  });
  test.each<[string, Entry, string]>([
    ['an id of another meter or none', fix('c1', 'e1', -1), 'USAGE_NOT_FOUND'],
    ['a correction of the state', fix('c1', 'c0', -1), 'USAGE_NOT_FOUND'],
    ['a quantity of 0', fix('c1', 'u1', 0), 'LIMIT_INVALID'],
    ['a quantity above 0', fix('c1', 'u1', 1), 'LIMIT_INVALID'],
    ['a quantity below 0 without corrects', use('c1', -1), 'LIMIT_INVALID'],
    [
      'an instant of 36 days ago',
      fix('c1', 'u1', -1, { occurredAt: later(-36 * day) }),
      'USAGE_TIMESTAMP_OUT_OF_RANGE',
    ],
    ['its own id with another quantity', fix('c0', 'u1', -2), 'USAGE_ID_REUSED'],
    ['its own id for other usage', fix('c0', 'u2', -1), 'USAGE_ID_REUSED'],
    ['its own id as usage', use('c0', 1), 'USAGE_ID_REUSED'],
  ])('with %s is refused', (_, entry, code) => {
    const known = andThen(
      history,
      record([fix('c0', 'u1', -1)]),
      record([use('e1', 1)], noon, { meter: 'exports' }),
      record([use('u2', 1)]),
    );
    expect(outcomes(known, record([entry]))).toEqual([code]);
    expect(outcomes(known, record([fix('c0', 'u1', -1)]))).toEqual(['REPEATED']);
    expect(outcomes(known, record([fix('c0', 'u1', -1, { commandId: 'other' })]))).toEqual(['KNOWN']);
  });
  test('of a correction in the same command is refused', () => {
    const sent = record([fix('c1', 'u1', -1), fix('c2', 'c1', -1)]);
    expect(outcomes(history, sent)).toEqual(['COUNTED', 'USAGE_NOT_FOUND']);
  });
  test('counts as a record of its minute', () => {
    const limited = followedBy([license({ ...pro, usagePerMinute: 2 })], record([use('u1', 6)]));
    expect(outcomes(limited, record([fix('c1', 'u1', -1), fix('c2', 'u1', -1)]))).toEqual(['COUNTED', 'RATE_LIMITED']);
  });
  test('is possible on a suspended and on an expired license, and not on a revoked one', () => {
    expect(outcomes(andThen(history, suspend()), record([fix('c1', 'u1', -1), use('u2', 1)]))).toEqual([
      'COUNTED',
      'LICENSE_SUSPENDED',
    ]);
    const late = later(4_000);
    const revoked = licenseAfter(...andThen(history, revoke()));
    expect(licenseDecider.decide(record([fix('c1', 'u1', -1)], late), revoked, testEventIds)).toMatchObject({
      rejected: 'LICENSE_REVOKED',
    });
    const soon = plusSeconds(expiresAt, -60);
    const used = followedBy([license()], { ...record([use('u1', 6, { occurredAt: soon })]), at: soon });
    const atEnd = used.map((stamped) =>
      stamped.event.type === 'UsageBatchRecorded' ? stamp(stamped.event, soon) : stamped,
    );
    const sent = record(
      [fix('c1', 'u1', -1, { occurredAt: expiresAt }), use('u2', 1, { occurredAt: expiresAt })],
      expiresAt,
    );
    expect(outcomes(atEnd, sent)).toEqual(['COUNTED', 'LICENSE_EXPIRED']);
  });
  test('does not begin a term', () => {
    const waiting = issued({
      limits: { ...twoDevices, meters: { builds: 10 } },
      term: { basis: 'FIRST_VALIDATION', duration: 'P1Y', startsAt: null, expiresAt: null, timeZone: 'UTC' },
    });
    expect(outcomes([waiting], record([fix('c1', 'u1', -1)]))).toEqual(['USAGE_NOT_FOUND']);
  });
});

describe('A correction of usage that the state has forgotten', () => {
  const history = followedBy([license()], record([use('u1', 6)]));
  const counted = { counter: 1, periodStart: issuedAt, periodEnd: expiresAt, corrected: 0, wasReset: false };
  const row = (changes: Partial<EarlierUse> = {}): EarlierUse => ({
    ...{ usageId: 'u1', quantity: 6, commandId: 'command-u1', recordedAt: noon, number: 1, counted },
    ...changes,
  });
  const send = (at: string, earlier: object, so: History = history, quantity = -2) =>
    outcomes(so, record([fix('c1', 'u1', quantity, { occurredAt: at })], at, { earlier }));

  test('reads quantity and corrections from the read models, for 35 days', () => {
    const known = (changes: Partial<EarlierUse> = {}) => ({ uses: [row(changes)], events: 1 });
    expect(send(later(5_000), known())).toEqual(['COUNTED']);
    expect(send(later(5_000), known({ counted: { ...counted, corrected: 5 } }))).toEqual(['CORRECTION_EXCEEDS_USAGE']);
    expect(send(later(35 * day - 0.001), known())).toEqual(['COUNTED']);
    expect(send(later(35 * day), known())).toEqual(['USAGE_NOT_FOUND']);
    expect(send(later(5_000), known({ corrects: 'u0' }))).toEqual(['USAGE_NOT_FOUND']);
    expect(send(later(5_000), { uses: [], events: 1 })).toEqual(['USAGE_NOT_FOUND']);
  });
  test('adds the corrections that the read models lack to those that they have', () => {
    const at = later(5_000);
    const earlier = { uses: [row()], events: 1 };
    const so = andThen(history, record([fix('c0', 'u1', -3, { occurredAt: at })], at, { earlier }));
    expect(send(later(5_060), earlier, so, -3)).toEqual(['COUNTED']);
    expect(send(later(5_060), earlier, so, -4)).toEqual(['CORRECTION_EXCEEDS_USAGE']);
    const caughtUp = { uses: [row({ counted: { ...counted, corrected: 3 } })], events: 2 };
    expect(send(later(5_060), caughtUp, so, -3)).toEqual(['COUNTED']);
    expect(send(later(5_060), caughtUp, so, -4)).toEqual(['CORRECTION_EXCEEDS_USAGE']);
    expect(send(later(5_000 + 1_800), earlier, so)).toEqual(['NOT_PROJECTED_YET']);
  });
});

describe('A reset', () => {
  const history = followedBy([license()], record([use('u1', 6)]));

  test('states the total before and the period, and changes nothing at 0', () => {
    const [event] = decided(history, reset());
    const data = { meter: 'builds', periodStart: issuedAt, periodEnd: expiresAt, from: 6 };
    expect(event).toEqual({ type: 'UsageReset', data });
    expect(decided(andThen(history, reset()), reset())).toEqual([]);
    expect(decided([license()], reset())).toEqual([]);
  });
  test('takes away what was used before it, so a correction of that lowers nothing', () => {
    const used = andThen(history, reset(), record([use('u2', 7)], later(60)));
    const corrected = andThen(used, record([fix('c1', 'u1', -6), fix('c2', 'u2', -1)], later(120)));
    expect(corrected.at(-1)?.event.data).toMatchObject({
      entries: [{ corrects: 'u1', afterReset: true }, { corrects: 'u2' }],
      totalAfter: 6,
    });
    expect(total(corrected)).toBe(6);
    expect(outcomes(corrected, record([fix('c3', 'u1', -1)], later(180)))).toEqual(['CORRECTION_EXCEEDS_USAGE']);
    expect(outcomes(corrected, record([use('u1', 6)], later(180)))).toEqual(['REPEATED']);
  });
  test('of a period that has ended since still takes its usage away', () => {
    const daily = license({ ...pro, meterRules: { builds: { resets: 'P1D' } } });
    const [first] = decided([daily], record([use('u1', 6)]));
    const end = first?.type === 'UsageBatchRecorded' ? String(first.data.periodEnd) : '';
    const [before, later] = [plusSeconds(end, -600), plusSeconds(end, 600)];
    const history = andThen(
      [daily],
      record([use('u1', 6, { occurredAt: before })], before),
      reset(before),
      record([use('u2', 2, { occurredAt: before })], before),
      record([use('u3', 4, { occurredAt: later })], later),
      record([fix('c1', 'u1', -6, { occurredAt: later }), fix('c2', 'u2', -1, { occurredAt: later })], later),
    );
    expect(history.at(-1)?.event.data).toMatchObject({
      entries: [
        { corrects: 'u1', counter: 1, periodEnd: end, afterReset: true },
        { corrects: 'u2', counter: 1, periodEnd: end },
      ],
      totalAfter: 4,
    });
    expect(history.at(-1)?.event.data).not.toMatchObject({ entries: [{}, { afterReset: true }] });
  });
  test('that the read models lack still takes usage away when a new counter has begun since', () => {
    const daily = license({ ...pro, meterRules: { builds: { resets: 'P1D' } } });
    const midnight = '2026-06-02T00:00:00.000Z';
    const [before, at] = [plusSeconds(midnight, -120), plusSeconds(midnight, 300)];
    const used = followedBy([daily], record([use('u1', 6)]));
    const first = used.at(-1)?.event;
    const { periodStart, periodEnd } = first?.type === 'UsageBatchRecorded' ? first.data : { periodStart: '' };
    const counted = { counter: 1, resets: 'P1D', periodStart, periodEnd, corrected: 0, wasReset: false } as const;
    const uses = [{ usageId: 'u1', quantity: 6, commandId: 'command-u1', recordedAt: noon, number: 1, counted }];
    const begun = plusSeconds(midnight, 10);
    const wasReset = andThen(used, reset(before), record([use('u2', 2, { occurredAt: begun })], begun));
    const sent = record([fix('c1', 'u1', -6, { occurredAt: at })], at, { earlier: { uses, events: 1 } });
    expect(decided(wasReset, sent)[0]?.data).toMatchObject({ entries: [{ counter: 1, afterReset: true }] });
    const notReset = andThen(used, record([use('u2', 2, { occurredAt: begun })], begun));
    expect(decided(notReset, sent)[0]?.data).not.toMatchObject({ entries: [{ afterReset: true }] });
  });
});

test('Usage that begins a counter after a correction of a past one is corrected in its own', () => {
  const daily = license({ ...pro, meterRules: { builds: { resets: 'P1D' } } });
  const [at, past] = [later(2 * day), { ...fix('c1', 'u1', -1) }];
  const history = followedBy([daily], record([use('u1', 6)]));
  const row = {
    ...{ usageId: 'u1', quantity: 6, commandId: 'command-u1', recordedAt: noon, number: 1 },
    counted: { counter: 1, resets: 'P1D', periodStart: issuedAt, periodEnd: noon, corrected: 0, wasReset: false },
  } as const;
  const entries = [past, use('u2', 5), fix('c2', 'u2', -2)].map((entry) => ({ ...entry, occurredAt: at }));
  const after = andThen(history, record(entries, at, { earlier: { uses: [row], events: 1 } }));
  expect(after.at(-1)?.event.data).toMatchObject({ entries: [{ countedBy: 3, counter: 3 }], totalAfter: 3 });
  expect(total(after, at)).toBe(3);
});

describe('Use after the end of the last term', () => {
  const ending = followedBy([license({ ...pro, expiryStrategy: 'ALLOW' })], record([use('u1', 3)]));
  const at = plusSeconds(expiresAt, 60);
  const used = andThen(ending, record([use('u2', 5, { occurredAt: at })], at));

  test('that is corrected is less in the term that a renewal from that end begins', () => {
    const corrected = andThen(used, record([fix('c1', 'u2', -2, { occurredAt: at })], at));
    const renewed = andThen(corrected, renew({ duration: 'P1Y', basis: 'FROM_EXPIRY' }, plusSeconds(at, 60)));
    expect(total(renewed, plusSeconds(at, 60))).toBe(3);
    const again = record([fix('c2', 'u2', -3, { occurredAt: at })], plusSeconds(at, 120));
    expect(total(andThen(renewed, again), plusSeconds(at, 120))).toBe(0);
    expect(decided(renewed, again)[0]?.data).toMatchObject({ entries: [{ counter: 2, periodStart: expiresAt }] });
  });
  test('that was reset is not in that term', () => {
    const renewed = andThen(used, reset(at), renew({ duration: 'P1Y', basis: 'FROM_EXPIRY' }, plusSeconds(at, 60)));
    expect(total(renewed, plusSeconds(at, 60))).toBe(0);
  });
});
