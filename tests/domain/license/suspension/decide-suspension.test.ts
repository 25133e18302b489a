import { describe, expect, test } from 'vitest';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { effectiveStatus, suspensionsAt } from '../../../../src/domain/license/status.ts';
import {
  activate,
  activated,
  expiredEvent,
  expiresAt,
  given,
  groundAddedEvent,
  issued,
  licenseAfter,
  noon,
  on,
  reinstate,
  reinstatedEvent,
  suspend,
  suspendedEvent,
  tomorrow,
} from '../examples.ts';

const nextWeek = '2026-06-08T12:00:00.000Z';
const suspended = (...grounds: LicenseEvent[]) => [issued(), ...grounds.map((ground) => on(noon, ground))];
const reinstated = (since: string, seconds: number): LicenseEvent => ({
  type: 'LicenseReinstated',
  data: { suspendedSince: since, suspendedForSeconds: seconds },
});

describe('suspending a license', () => {
  test('lasts from now on until the license is reinstated', () => {
    given(issued()).when(suspend('PAYMENT')).thenEvents(suspendedEvent('PAYMENT'));
  });
  test('may end by itself', () => {
    given(issued()).when(suspend('PAYMENT', tomorrow)).thenEvents(suspendedEvent('PAYMENT', tomorrow));
  });
  test.each([noon, '2026-05-01T00:00:00.000Z', '2026-06-31T00:00:00.000Z', 'tomorrow'])(
    'cannot end at %s, which is not in the future',
    (until) => {
      given(issued()).when(suspend('ADMIN', until)).thenRejected('TERM_INVALID');
    },
  );
  test('applies also for a server with a slow clock', () => {
    const secondsBefore = '2026-06-01T11:59:57.000Z';
    given(...suspended(suspendedEvent('FRAUD')))
      .when(activate('a', secondsBefore))
      .thenRejected('LICENSE_SUSPENDED');
    given(...suspended(suspendedEvent('FRAUD')))
      .when(reinstate(secondsBefore))
      .thenEvents(reinstated(noon, 0));
  });
  test('changes nothing for the same reason', () => {
    given(...suspended(suspendedEvent('ADMIN')))
      .when(suspend('ADMIN'))
      .thenNothing();
    given(...suspended(suspendedEvent('ADMIN', tomorrow)))
      .when(suspend('ADMIN', tomorrow))
      .thenNothing();
    given(...suspended(suspendedEvent('ADMIN')))
      .when(suspend('ADMIN', tomorrow))
      .thenNothing();
  });
  test('extends the suspension when the same reason lasts longer', () => {
    given(...suspended(suspendedEvent('ADMIN', tomorrow)))
      .when(suspend('ADMIN', nextWeek))
      .thenEvents(groundAddedEvent('ADMIN', nextWeek));
    given(...suspended(suspendedEvent('ADMIN', tomorrow)))
      .when(suspend('ADMIN'))
      .thenEvents(groundAddedEvent('ADMIN'));
  });
  test('adds another reason, once', () => {
    given(...suspended(suspendedEvent('PAYMENT')))
      .when(suspend('FRAUD'))
      .thenEvents(groundAddedEvent('FRAUD'));
    given(...suspended(suspendedEvent('PAYMENT'), groundAddedEvent('FRAUD')))
      .when(suspend('FRAUD'))
      .thenNothing();
    given(...suspended(suspendedEvent('PAYMENT'), groundAddedEvent('FRAUD')))
      .when(suspend('PAYMENT'))
      .thenNothing();
  });
  test('starts a new suspension after an earlier one ended by itself', () => {
    const history = suspended(suspendedEvent('ADMIN', tomorrow));
    given(...history)
      .when(suspend('ADMIN', null, '2026-06-02T11:59:59.999Z'))
      .thenEvents(groundAddedEvent('ADMIN'));
    given(...history)
      .when(suspend('ADMIN', null, tomorrow))
      .thenEvents(reinstatedEvent(noon, tomorrow), suspendedEvent('ADMIN'));
  });
  test('keeps the activations', () => {
    const { activations, facts } = licenseAfter(issued(), activated('a', 1), on(noon, suspendedEvent()));
    expect([...activations.keys()]).toEqual(['act_a']);
    expect(facts.suspension).toEqual({ reasonCode: 'ADMIN', since: noon, until: null });
  });
  test('lasts as long as the longest of its reasons, in any order', () => {
    const short = suspendedEvent('PAYMENT', tomorrow);
    expect(licenseAfter(...suspended(short, groundAddedEvent('FRAUD', nextWeek))).facts.suspension).toEqual({
      reasonCode: 'FRAUD',
      since: noon,
      until: nextWeek,
    });
    expect(licenseAfter(...suspended(short, groundAddedEvent('FRAUD'))).facts.suspension).toEqual({
      reasonCode: 'FRAUD',
      since: noon,
      until: null,
    });
    expect(
      licenseAfter(...suspended(suspendedEvent('PAYMENT'), groundAddedEvent('FRAUD', nextWeek))).facts.suspension,
    ).toEqual({ reasonCode: 'PAYMENT', since: noon, until: null });
    expect(
      licenseAfter(...suspended(suspendedEvent('PAYMENT', nextWeek), groundAddedEvent('FRAUD', tomorrow))).facts
        .suspension,
    ).toEqual({ reasonCode: 'PAYMENT', since: noon, until: nextWeek });
  });
});

test('each reason of a suspension has its own start and end, and an announced one counts from its start', () => {
  const { facts } = licenseAfter(
    ...suspended(suspendedEvent('PAYMENT')),
    on(tomorrow, groundAddedEvent('FRAUD', nextWeek)),
    on(tomorrow, {
      type: 'LicenseSuspended',
      data: { reasonCode: 'LEGAL', until: null, eventId: 'evt_1' },
      effectiveAt: nextWeek,
    }),
  );
  const payment = { reasonCode: 'PAYMENT', since: noon, until: null };
  expect(suspensionsAt(facts, tomorrow)).toEqual([payment, { reasonCode: 'FRAUD', since: tomorrow, until: nextWeek }]);
  expect(suspensionsAt(facts, nextWeek)).toEqual([payment, { reasonCode: 'LEGAL', since: nextWeek, until: null }]);
});

test('a reason that continues with its announced suspension keeps its start', () => {
  const { facts } = licenseAfter(
    ...suspended(suspendedEvent('PAYMENT', nextWeek)),
    on(noon, {
      type: 'LicenseSuspended',
      data: { reasonCode: 'PAYMENT', until: null, eventId: 'evt_1' },
      effectiveAt: tomorrow,
    }),
  );
  expect(suspensionsAt(facts, tomorrow)).toEqual([{ reasonCode: 'PAYMENT', since: noon, until: null }]);
});

describe('reinstating a license', () => {
  test('ends the suspension and records its length', () => {
    given(...suspended(suspendedEvent()))
      .when(reinstate(tomorrow))
      .thenEvents(reinstated(noon, 86_400));
  });
  test('ends all reasons at once, counted from the first', () => {
    given(...suspended(suspendedEvent('PAYMENT')), on(tomorrow, groundAddedEvent('FRAUD')))
      .when(reinstate(nextWeek))
      .thenEvents(reinstated(noon, 7 * 86_400));
    const { facts } = licenseAfter(...suspended(suspendedEvent(), groundAddedEvent('FRAUD'), reinstated(noon, 0)));
    expect([facts.suspension, facts.suspendedFor]).toEqual([null, []]);
  });
  test('changes nothing when the license is not, or no longer, suspended', () => {
    given(issued()).when(reinstate()).thenNothing();
    given(...suspended(suspendedEvent('ADMIN', tomorrow)))
      .when(reinstate(tomorrow))
      .thenNothing();
  });
  test('makes a license EXPIRED, not ACTIVE, when it has expired meanwhile', () => {
    const history = [...suspended(suspendedEvent()), on(expiresAt, expiredEvent())];
    expect(effectiveStatus(licenseAfter(...history).facts, expiresAt)).toBe('SUSPENDED');
    expect(effectiveStatus(licenseAfter(...history, on(expiresAt, reinstated(noon, 0))).facts, expiresAt)).toBe(
      'EXPIRED',
    );
  });
});
