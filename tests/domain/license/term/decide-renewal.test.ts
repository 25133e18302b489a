import { describe, expect, test } from 'vitest';
import { isRejection, stamp } from '../../../../src/domain/decider.ts';
import { decide } from '../../../../src/domain/license/decide.ts';
import { evolve } from '../../../../src/domain/license/evolve.ts';
import type { License } from '../../../../src/domain/license/license.ts';
import { effectiveStatus } from '../../../../src/domain/license/status.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import {
  activated,
  expiredEvent,
  expiresAt,
  given,
  graceEndsAt,
  groundAddedEvent,
  issue,
  issued,
  justBeforeExpiry,
  licenseAfter,
  noon,
  on,
  oneYear,
  perpetual,
  pro,
  reinstatedEvent,
  renew,
  renewedEvent,
  renewTo,
  suspendedEvent,
  tomorrow,
  withGrace,
} from '../examples.ts';

const afterExpiry = '2027-01-11T00:00:00.000Z';
const tenDaysSeconds = 10 * 86_400;
const expired = [issued(), on(expiresAt, expiredEvent())];
const reinstated = { type: 'LicenseReinstated', data: { suspendedSince: noon, suspendedForSeconds: 86_400 } } as const;

describe('renewing a license', () => {
  test('before its expiry stacks the new term on the running one', () => {
    given(issued()).when(renew()).thenEvents(renewedEvent());
  });
  test('from now cuts the running term short', () => {
    given(issued())
      .when(renew({ basis: 'FROM_NOW' }))
      .thenEvents(renewedEvent({ basis: 'FROM_NOW', startsAt: noon, expiresAt: '2027-06-01T12:00:00.000Z' }));
  });
  test('from now after its expiry states the gap', () => {
    given(...expired)
      .when(renew({ basis: 'FROM_NOW' }, afterExpiry))
      .thenEvents(
        renewedEvent({
          basis: 'FROM_NOW',
          startsAt: afterExpiry,
          expiresAt: '2028-01-11T00:00:00.000Z',
          gapSeconds: tenDaysSeconds,
        }),
      );
  });
  test('from its expiry after its expiry leaves no gap', () => {
    given(...expired)
      .when(renew({}, afterExpiry))
      .thenEvents(renewedEvent());
  });
  test('from now if expired starts at the expiry before it, and at once after it', () => {
    given(issued())
      .when(renew({ basis: 'FROM_NOW_IF_EXPIRED' }, justBeforeExpiry))
      .thenEvents(renewedEvent({ basis: 'FROM_NOW_IF_EXPIRED' }));
    given(...expired)
      .when(renew({ basis: 'FROM_NOW_IF_EXPIRED' }, afterExpiry))
      .thenEvents(
        renewedEvent({
          basis: 'FROM_NOW_IF_EXPIRED',
          startsAt: afterExpiry,
          expiresAt: '2028-01-11T00:00:00.000Z',
          gapSeconds: tenDaysSeconds,
        }),
      );
  });
  test('from now if expired does not add the days of grace', () => {
    const inGrace = [issued({ policy: withGrace }), on(expiresAt, expiredEvent(graceEndsAt))];
    given(...inGrace)
      .when(renew({ basis: 'FROM_NOW_IF_EXPIRED' }, '2027-01-01T23:59:59.999Z'))
      .thenEvents(renewedEvent({ basis: 'FROM_NOW_IF_EXPIRED' }));
    given(...inGrace)
      .when(renew({ basis: 'FROM_NOW_IF_EXPIRED' }, graceEndsAt))
      .thenEvents(
        { type: 'LicenseGraceEnded', data: { termNumber: 1, graceUntil: graceEndsAt }, effectiveAt: graceEndsAt },
        renewedEvent({
          basis: 'FROM_NOW_IF_EXPIRED',
          startsAt: graceEndsAt,
          expiresAt: '2028-01-02T00:00:00.000Z',
          gapSeconds: 86_400,
        }),
      );
  });
  test('to a fixed expiry follows the running term, or starts at once without one', () => {
    const end = '2029-05-05T05:05:05.005Z';
    given(issued())
      .when(renewTo(end))
      .thenEvents(renewedEvent({ basis: 'FIXED', expiresAt: end }));
    given(...expired)
      .when(renewTo(end, afterExpiry))
      .thenEvents(renewedEvent({ basis: 'FIXED', startsAt: afterExpiry, expiresAt: end, gapSeconds: tenDaysSeconds }));
  });
  test('first announces an expiry that was not announced, so that none is missing', () => {
    given(issued()).when(renew({}, expiresAt)).thenEvents(expiredEvent(), renewedEvent());
    given(issued({ policy: withGrace }))
      .when(renew({}, expiresAt))
      .thenEvents(expiredEvent(graceEndsAt), renewedEvent());
  });
  test('keeps the activations', () => {
    const { facts, activations } = licenseAfter(issued(), activated('a', 1), on(noon, renewedEvent()));
    expect([activations.size, facts.usage.activations, facts.term.number]).toEqual([1, 1, 2]);
  });

  test.each([
    ['a duration that is none', renew({ duration: 'a year' })],
    ['a duration beyond the year 9999', renewTo('+10000-01-01T00:00:00.000Z')],
    ['an end that is no instant', renewTo('2029-01-01')],
    ['an end in the past', renew({ duration: 'P1D' }, afterExpiry)],
    ['an end now', renew({ duration: 'P10D' }, afterExpiry)],
  ])('is refused with %s', (_, command) => {
    given(issued()).when(command).thenRejected('TERM_INVALID');
  });
  test.each([
    ['an end before the previous expiry', renewTo('2026-12-31T00:00:00.000Z')],
    ['an end from now that does not reach the previous expiry', renew({ basis: 'FROM_NOW', duration: 'P1M' })],
  ])('is refused as not later with %s', (_, command) => {
    given(issued()).when(command).thenRejected('TERM_NOT_LATER');
  });
  test('is refused beyond the year 9999', () => {
    given(issued({ term: { ...oneYear, expiresAt: '9999-06-01T00:00:00.000Z' } }))
      .when(renew())
      .thenRejected('TERM_INVALID');
  });
  test('is refused on a perpetual license', () => {
    given(issued({ term: perpetual }))
      .when(renew())
      .thenRejected('TERM_INVALID');
  });
});

describe('a renewed license', () => {
  test('is active throughout the old term, across its end, and through the new one', () => {
    const { facts } = licenseAfter(issued(), on(noon, renewedEvent()));
    expect(effectiveStatus(facts, noon)).toBe('ACTIVE');
    expect(effectiveStatus(facts, justBeforeExpiry)).toBe('ACTIVE');
    expect(effectiveStatus(facts, expiresAt)).toBe('ACTIVE');
    expect(effectiveStatus(facts, '2027-12-31T23:59:59.999Z')).toBe('ACTIVE');
    expect(effectiveStatus(facts, '2028-01-01T00:00:00.000Z')).toBe('EXPIRED');
  });
  test('that had not started yet keeps its start', () => {
    const { facts } = licenseAfter(
      issued({ term: { ...oneYear, startsAt: noon } }),
      on('2026-05-01T00:00:00.000Z', renewedEvent()),
    );
    expect(effectiveStatus(facts, '2026-06-01T11:59:59.999Z')).toBe('NOT_YET_VALID');
    expect(effectiveStatus(facts, noon)).toBe('ACTIVE');
  });
  test('that had not started yet and is renewed from now starts at once', () => {
    const { facts } = licenseAfter(
      issued({ term: { ...oneYear, startsAt: tomorrow } }),
      on(noon, renewedEvent({ startsAt: noon, expiresAt: '2027-06-01T12:00:00.000Z', basis: 'FROM_NOW' })),
    );
    expect(effectiveStatus(facts, noon)).toBe('ACTIVE');
  });
  test('after a gap starts a new row of terms', () => {
    const { facts } = licenseAfter(
      ...expired,
      on(afterExpiry, renewedEvent({ startsAt: afterExpiry, expiresAt: '2028-01-11T00:00:00.000Z' })),
    );
    expect(facts.term).toEqual({ number: 2, startsAt: afterExpiry, expiresAt: '2028-01-11T00:00:00.000Z' });
  });
});

describe('monthly renewals', () => {
  const expiriesOf = (startsAt: string, commands: readonly Parameters<typeof decide>[0][]) => {
    let license: License = { kind: 'unissued' };
    const first = issue({ term: { kind: 'duration', duration: 'P1M', startsAt } }, startsAt);
    return [first, ...commands].map((command) => {
      const decision = decide(command, license, testEventIds);
      if (isRejection(decision)) throw new Error(decision.detail);
      for (const event of decision) license = evolve(license, event, stamp(event, command.at).at);
      return license.kind === 'issued' ? license.facts.term.expiresAt?.slice(0, 10) : undefined;
    });
  };
  const monthly = (at: string) => renew({ duration: 'P1M' }, at);

  test('return to their first day after a shorter month', () => {
    const start = '2026-01-31T10:00:00.000Z';
    expect(expiriesOf(start, [monthly(start), monthly(start), monthly(start)])).toEqual([
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
      '2026-05-31',
    ]);
  });
  test('return to their first day after several short months', () => {
    const start = '2025-12-31T10:00:00.000Z';
    const twoMonths = (at: string) => renew({ duration: 'P2M' }, at);
    expect(expiriesOf(start, [monthly(start), twoMonths(start), twoMonths(start), twoMonths(start)])).toEqual([
      '2026-01-31',
      '2026-02-28',
      '2026-04-30',
      '2026-06-30',
      '2026-08-31',
    ]);
  });
  test('from now count from the current day, also on the last day of a month', () => {
    const endOfFebruary = '2026-02-28T10:00:00.000Z';
    const commands = [renew({ duration: 'P2M', basis: 'FROM_NOW' }, endOfFebruary)];
    expect(expiriesOf('2025-12-31T10:00:00.000Z', commands)).toEqual(['2026-01-31', '2026-04-28']);
  });
  test('count from a new start after one', () => {
    const restart = '2026-03-30T10:00:00.000Z';
    const commands = [renew({ duration: 'P11M', basis: 'FROM_NOW' }, restart), monthly(restart)];
    expect(expiriesOf('2026-01-31T10:00:00.000Z', commands)).toEqual(['2026-02-28', '2027-02-28', '2027-03-30']);
  });
});

describe('renewing while suspended', () => {
  const unpaid = [issued(), on(noon, suspendedEvent('PAYMENT'))];
  const nextWeek = '2026-06-08T12:00:00.000Z';
  const paid = renew({ reasonCode: 'PAYMENT' }, tomorrow);

  test('is possible and leaves the suspension', () => {
    given(...unpaid)
      .when(renew({}, tomorrow))
      .thenEvents(renewedEvent());
  });
  test('by the missing payment reinstates it in the same append', () => {
    given(...unpaid)
      .when(paid)
      .thenEvents(renewedEvent(), reinstated);
  });
  test('by a payment does not reinstate it when the policy says so', () => {
    given(issued({ policy: { ...pro, reinstateOnPayment: false } }), on(noon, suspendedEvent('PAYMENT')))
      .when(paid)
      .thenEvents(renewedEvent());
  });
  test('by a payment does not end a suspension with another reason, in any order', () => {
    given(issued(), on(noon, suspendedEvent('FRAUD')))
      .when(paid)
      .thenEvents(renewedEvent());
    given(...unpaid, on(noon, groundAddedEvent('FRAUD')))
      .when(paid)
      .thenEvents(renewedEvent());
    given(issued(), on(noon, suspendedEvent('FRAUD')), on(noon, groundAddedEvent('PAYMENT')))
      .when(paid)
      .thenEvents(renewedEvent());
    given(...unpaid, on(noon, groundAddedEvent('FRAUD', nextWeek)))
      .when(paid)
      .thenEvents(renewedEvent());
  });
  test('by a payment ends the suspension after the other reason has ended', () => {
    given(...unpaid, on(noon, groundAddedEvent('FRAUD', tomorrow)))
      .when(paid)
      .thenEvents(renewedEvent(), reinstated);
  });
  test('by a payment changes no suspension that has ended', () => {
    given(issued(), on(noon, suspendedEvent('PAYMENT', tomorrow)))
      .when(paid)
      .thenEvents(reinstatedEvent(noon, tomorrow), renewedEvent());
    given(issued()).when(paid).thenEvents(renewedEvent());
  });
});
