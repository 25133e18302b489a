import { describe, expect, test } from 'vitest';
import { isRejection, type Stamped } from '../../../../src/domain/decider.ts';
import type { CommandOf } from '../../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { usageOutcomes } from '../../../../src/domain/license/usage/decide-usage.ts';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import { oneUse } from '../../../support/one-use.ts';
import { command, event, followedBy, policyWith } from '../commands.ts';
import {
  expiresAt,
  given,
  issued,
  issuedAt,
  licenseAfter,
  noon,
  on,
  perpetual,
  pro,
  renew,
  twoDevices,
} from '../examples.ts';

const metered = issued({ limits: { ...twoDevices, meters: { builds: 10, exports: 10 } } });
const record = (quantity: number, usageId = 'u1', meter = 'builds', at = noon) =>
  command('RecordUsage', oneUse({ meter, quantity, usageId, occurredAt: at }), at);
const period = { periodStart: issuedAt, periodEnd: expiresAt };
const counted = (quantity: number, totalAfter: number, usageId = 'u1', overage = false) =>
  event('UsageBatchRecorded', {
    meter: 'builds',
    ...period,
    entries: [{ quantity, usageId, occurredAt: noon, commandId: `command-${usageId}` }],
    totalAfter,
    limit: 10,
    overage,
  });

type History = readonly Stamped<LicenseEvent>[];
type Entry = CommandOf<'RecordUsage'>['data']['entries'][number];
const entry = (usageId: string, quantity: number, changes: Partial<Entry> = {}): Entry => ({
  usageId,
  quantity,
  occurredAt: noon,
  commandId: `command-${usageId}`,
  ...changes,
});
const recordAll = (
  entries: readonly Entry[],
  changes: Partial<CommandOf<'RecordUsage'>['data']> = {},
  at = noon,
): CommandOf<'RecordUsage'> => ({
  type: 'RecordUsage',
  data: { meter: 'builds', entries, ...changes },
  at,
});
const outcomes = (history: History, sent: ReturnType<typeof recordAll>) =>
  usageOutcomes(sent, licenseAfter(...history)).map((one) => (typeof one === 'string' ? one : one.rejected));

describe('metered use', () => {
  test('is counted, once per usage id', () => {
    given(metered).when(record(3)).thenEvents(counted(3, 3));
    given(...followedBy([metered], record(3)))
      .when(record(3))
      .thenNothing();
    given(...followedBy([metered], record(3)))
      .when(record(7, 'u2'))
      .thenEvents(counted(7, 10, 'u2'));
  });
  test('is known by its usage id for one meter, and refused with another quantity', () => {
    const history = followedBy([metered], record(3));
    given(...history)
      .when(record(2))
      .thenRejected('USAGE_ID_REUSED');
    expect(outcomes(history, recordAll([entry('u1', 2)], { meter: 'exports' }))).toEqual(['COUNTED']);
  });
  test('never exceeds the quota and its overage; a quantity counts whole or not at all', () => {
    given(...followedBy([metered], record(3)))
      .when(record(8, 'u2'))
      .thenRejected('QUOTA_EXCEEDED');
    const generous = issued({
      policy: policyWith({ overage: { kind: 'RATIO', percent: 150 } }),
      limits: { ...twoDevices, meters: { builds: 10 } },
    });
    given(generous)
      .when(record(15))
      .thenEvents(counted(15, 15, 'u1', true));
    given(generous).when(record(16)).thenRejected('QUOTA_EXCEEDED');
  });
  test('needs a meter of the license and a whole quantity', () => {
    given(metered)
      .when(record(1, 'u1', 'renders'))
      .thenRejected('LIMIT_INVALID');
    given(metered)
      .when(record(1, 'u1', 'toString'))
      .thenRejected('LIMIT_INVALID');
    for (const wrong of [0, -1, 1.5]) given(metered).when(record(wrong)).thenRejected('LIMIT_INVALID');
  });
  test('is refused when the license may not be used', () => {
    given(metered)
      .when(record(1, 'u1', 'builds', expiresAt))
      .thenRejected('LICENSE_EXPIRED');
  });
  test('starts at zero with a renewal from now', () => {
    const renewed = followedBy(
      [metered],
      record(10),
      command('Renew', { duration: 'P1Y', basis: 'FROM_NOW', reasonCode: null }),
    );
    expect(licenseAfter(...renewed).facts.usage.meters).toEqual({});
    given(...renewed)
      .when(record(3, 'u2'))
      .thenEvents({ ...counted(3, 3, 'u2'), data: { ...counted(3, 3, 'u2').data, ...periodFromNow } } as never);
  });
});

const periodFromNow = { periodStart: noon, periodEnd: '2027-06-01T12:00:00.000Z' };

describe('A batch of metered use', () => {
  test('is one event with what is accepted, and refuses the others alone', () => {
    const batch = recordAll([entry('u1', 6), entry('u2', 5), entry('u3', 4), entry('u1', 6), entry('u3', 1)]);
    expect(outcomes([metered], batch)).toEqual(['COUNTED', 'QUOTA_EXCEEDED', 'COUNTED', 'REPEATED', 'USAGE_ID_REUSED']);
    const entries = [entry('u1', 6), entry('u3', 4)];
    given(metered)
      .when(batch)
      .thenEvents(
        event('UsageBatchRecorded', { meter: 'builds', ...period, entries, totalAfter: 10, limit: 10, overage: false }),
      );
  });
  test('answers a repeated command as the first time, and another command with the same id as known', () => {
    const history = followedBy([metered], recordAll([entry('u1', 6)]));
    const again = recordAll([entry('u1', 6), entry('u1', 6, { commandId: 'other' })]);
    expect(outcomes(history, again)).toEqual(['REPEATED', 'KNOWN']);
    given(...history)
      .when(again)
      .thenNothing();
  });
  test('of a full meter names the start of the next term for each use that fits into it', () => {
    const renewed = followedBy([metered], record(10), renew({ duration: 'P1Y', basis: 'FROM_EXPIRY' }));
    const refused = usageOutcomes(recordAll([entry('u2', 10), entry('u3', 11)]), licenseAfter(...renewed));
    expect(refused).toMatchObject([{ retryAt: expiresAt }, { rejected: 'QUOTA_EXCEEDED' }]);
    expect(refused[1]).not.toHaveProperty('retryAt');
  });
  test('has as many entries in a minute as the policy allows, over all meters', () => {
    const slow = issued({
      policy: { ...pro, usagePerMinute: 2 },
      limits: { ...twoDevices, meters: { builds: 9, exports: 9 } },
    });
    const history = followedBy([slow], recordAll([entry('u1', 1)], { meter: 'exports' }));
    const late = plusSeconds(noon, 59.999);
    const two = [entry('u2', 1), entry('u3', 1)];
    expect(usageOutcomes(recordAll(two, {}, late), licenseAfter(...history))).toMatchObject([
      'COUNTED',
      { rejected: 'RATE_LIMITED', retryAt: plusSeconds(noon, 60), retryAfterSeconds: 1 },
    ]);
    expect(outcomes(history, recordAll(two, {}, plusSeconds(noon, 60)))).toEqual(['COUNTED', 'COUNTED']);
  });
  test('has 600 entries in a minute when the policy says nothing', () => {
    const wide = issued({ limits: { ...twoDevices, meters: { builds: 1_000 } } });
    const sent = recordAll(Array.from({ length: 601 }, (_, index) => entry(`u${index}`, 1)));
    const all = outcomes([wide], sent);
    expect([all[599], all[600]]).toEqual(['COUNTED', 'RATE_LIMITED']);
  });
  test('names the period of its counter', () => {
    const periodAfter = (history: History, at: string) => {
      const decision = licenseDecider.decide(
        recordAll([entry('u9', 1, { occurredAt: at })], {}, at),
        licenseAfter(...history),
        testEventIds,
      );
      const last = isRejection(decision) ? undefined : decision.at(-1);
      return last?.type === 'UsageBatchRecorded' ? [last.data.periodStart, last.data.periodEnd] : decision;
    };
    const after = plusSeconds(expiresAt, 1);
    const limits = { ...twoDevices, meters: { builds: 10 } };
    const renewed = followedBy([metered], renew({ duration: 'P1Y', basis: 'FROM_EXPIRY' }));
    expect(periodAfter([issued({ limits, term: perpetual })], noon)).toEqual([issuedAt, null]);
    expect(periodAfter(renewed, noon)).toEqual([issuedAt, expiresAt]);
    const second = [expiresAt, '2028-01-01T00:00:00.000Z'];
    expect(periodAfter(renewed, after)).toEqual(second);
    // The fold knows the start of the counter also after the first event of the renewed term.
    expect(periodAfter(followedBy(renewed, record(1, 'u1', 'builds', after)), after)).toEqual(second);
    // After the last term the counter goes on, and nobody knows until when.
    const ending = issued({ limits, policy: { ...pro, expiryStrategy: 'ALLOW' } });
    expect(periodAfter([ending], after)).toEqual([issuedAt, null]);
  });
});

describe('An instant of usage', () => {
  const late = plusSeconds(noon, -35 * 86_400);
  test.each([
    [late, 'COUNTED'],
    [plusSeconds(late, -0.001), 'USAGE_TIMESTAMP_OUT_OF_RANGE'],
    [plusSeconds(noon, 300), 'COUNTED'],
    [plusSeconds(noon, 300.001), 'USAGE_TIMESTAMP_OUT_OF_RANGE'],
  ])('%s is %s', (occurredAt, outcome) => {
    expect(outcomes([metered], recordAll([entry('u1', 1, { occurredAt })]))).toEqual([outcome]);
  });
  test('that is out of range does not matter for usage that was counted before', () => {
    const history = followedBy([metered], recordAll([entry('u1', 1, { occurredAt: late })]));
    const again = recordAll([entry('u1', 1, { occurredAt: late })], {}, plusSeconds(noon, 60));
    expect(outcomes(history, again)).toEqual(['REPEATED']);
  });
});

describe('An id of usage that the state has forgotten', () => {
  const history = followedBy([metered], recordAll([entry('u1', 3)]));
  const later = (seconds: number) => plusSeconds(noon, seconds);
  const known = { usageId: 'u1', quantity: 3, commandId: 'command-u1', recordedAt: noon, number: 1 };
  const send = (at: string, earlier: { uses: (typeof known)[]; events: number }, changes: Partial<Entry> = {}) =>
    outcomes(history, recordAll([entry('u1', 3, { occurredAt: noon, ...changes })], { earlier }, at));

  test('is known from the read models, for 35 days', () => {
    const earlier = { uses: [known], events: 1 };
    const retried = { attemptedSince: noon };
    expect(send(later(4_200), earlier, retried)).toEqual(['REPEATED']);
    expect(send(later(4_200), earlier, { commandId: 'other' })).toEqual(['KNOWN']);
    expect(send(later(4_200), earlier, { quantity: 4 })).toEqual(['USAGE_ID_REUSED']);
    expect(send(later(35 * 86_400 - 0.001), earlier)).toEqual(['REPEATED']);
    const at = later(35 * 86_400);
    expect(send(at, earlier, { occurredAt: at })).toEqual(['COUNTED']);
  });
  test('is never counted twice while the read models lack it, whatever both clocks say', () => {
    const behind = { uses: [], events: 0 };
    // A client may have sent an instant of 5 minutes ahead. Every instant of a retry is tried, by minutes.
    for (let minutes = 0; minutes <= 180; minutes++)
      for (const ahead of [-600, 0, 300]) {
        const occurredAt = later(ahead);
        const at = later(minutes * 60);
        expect([minutes, ahead, ...send(at, behind, { occurredAt })]).not.toContain('COUNTED');
      }
  });
  test('leaves other usage alone: only what may be older than an hour waits for the read models', () => {
    const behind = { uses: [], events: 0 };
    const other = (at: string, changes: Partial<Entry>) =>
      outcomes(history, recordAll([entry('u2', 1, changes)], { earlier: behind }, at));
    const at = later(1_800);
    expect(other(at, { occurredAt: later(-1_800) })).toEqual(['COUNTED']);
    expect(other(at, { occurredAt: later(-1_800.001) })).toEqual(['NOT_PROJECTED_YET']);
    expect(other(at, { occurredAt: at, attemptedSince: later(-1_800.001) })).toEqual(['NOT_PROJECTED_YET']);
    // The missing event is younger than 30 minutes.
    expect(other(later(1_799.999), { occurredAt: later(-86_400) })).toEqual(['COUNTED']);
  });
  test('of a log of an earlier release is known, too', () => {
    const old = event('UsageRecorded', {
      meter: 'builds',
      quantity: 3,
      usageId: 'u1',
      occurredAt: noon,
      totalAfter: 3,
      limit: 10,
      overage: false,
    });
    const stored = [metered, on(noon, old)] as const;
    expect(licenseAfter(...stored).facts.usage.meters).toEqual({ builds: 3 });
    expect(outcomes([...stored], recordAll([entry('u1', 3), entry('u2', 7)]))).toEqual(['KNOWN', 'COUNTED']);
  });
});
