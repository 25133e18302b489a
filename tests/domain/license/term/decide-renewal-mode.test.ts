import { describe, expect, test } from 'vitest';
import { effectiveStatus, renewalAt } from '../../../../src/domain/license/status.ts';
import { command, event, followedBy, free, to } from '../commands.ts';
import { given, issued, licenseAfter, noon, on, tomorrow } from '../examples.ts';

const nextWeek = '2026-06-08T12:00:00.000Z';
const justBefore = '2026-06-08T11:59:59.999Z';
const later = { effectiveAt: nextWeek };
const cancel = (eventId = 'evt_1', at = noon) => command('CancelScheduled', { eventId }, at);

describe('the renewal mode', () => {
  const set = (mode: 'auto' | 'manual' | 'cancelAtPeriodEnd', at = noon) => command('SetRenewal', { to: mode }, at);

  test('is manual at first, and a change takes effect at once', () => {
    given(issued())
      .when(set('auto'))
      .thenEvents(event('LicenseRenewalChanged', { from: 'manual', to: 'auto', eventId: null }));
    given(issued()).when(set('manual')).thenNothing();
    given(...followedBy([issued()], set('auto')))
      .when(set('auto'))
      .thenNothing();
  });
  test('can be announced, takes effect by the clock, and can be withdrawn before', () => {
    const plan = command('SetRenewal', { to: 'cancelAtPeriodEnd', scheduled: later });
    given(issued())
      .when(plan)
      .thenEvents(
        event('LicenseRenewalChanged', { from: 'manual', to: 'cancelAtPeriodEnd', eventId: 'evt_1' }, nextWeek),
      );
    const { facts } = licenseAfter(...followedBy([issued()], plan));
    expect([justBefore, nextWeek].map((at) => renewalAt(facts, at))).toEqual(['manual', 'cancelAtPeriodEnd']);
    expect(renewalAt(licenseAfter(...followedBy([issued()], plan, cancel())).facts, nextWeek)).toBe('manual');
  });
  test('in a log of an earlier build is the one with the latest instant, or the one announced last for the same', () => {
    const plan = (eventId: string, mode: 'auto' | 'manual' | 'cancelAtPeriodEnd', effectiveAt: string) =>
      on(noon, event('LicenseRenewalChanged', { from: 'manual', to: mode, eventId }, effectiveAt));
    const turned = [issued(), plan('evt_1', 'auto', nextWeek), plan('evt_2', 'cancelAtPeriodEnd', tomorrow)];
    expect([tomorrow, nextWeek].map((at) => renewalAt(licenseAfter(...turned).facts, at))).toEqual([
      'cancelAtPeriodEnd',
      'auto',
    ]);
    const together = [issued(), plan('evt_1', 'auto', tomorrow), plan('evt_2', 'cancelAtPeriodEnd', tomorrow)];
    expect(renewalAt(licenseAfter(...together).facts, tomorrow)).toBe('cancelAtPeriodEnd');
    given(...turned)
      .when(command('SetRenewal', { to: 'auto', scheduled: later }))
      .thenEvents(
        event('LicenseRenewalChanged', { from: 'manual', to: 'auto', eventId: 'evt_3' }, nextWeek),
        event('ScheduledChangeCancelled', { eventId: 'evt_1' }),
        event('ScheduledChangeCancelled', { eventId: 'evt_2' }),
      );
    const tier = followedBy([issued()], command('ChangeTier', { target: to(free), scheduled: later }));
    expect(renewalAt(licenseAfter(...tier).facts, nextWeek)).toBe('manual');
    expect(effectiveStatus(licenseAfter(...tier).facts, nextWeek)).toBe('ACTIVE');
  });
  test('replaces an announced mode that has taken effect', () => {
    const plan = command('SetRenewal', { to: 'auto', scheduled: later });
    const { facts } = licenseAfter(...followedBy([issued()], plan, set('manual', nextWeek)));
    expect(renewalAt(facts, nextWeek)).toBe('manual');
    expect(facts.scheduled).toEqual([]);
  });
  test('that replaces one that has taken effect leaves other changes as they are', () => {
    const suspend = command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: { effectiveAt: tomorrow } });
    const plan = command('SetRenewal', { to: 'auto', scheduled: later });
    const { facts } = licenseAfter(...followedBy([issued()], suspend, plan, set('manual', nextWeek)));
    expect(facts.scheduled).toHaveLength(1);
    expect(effectiveStatus(facts, nextWeek)).toBe('SUSPENDED');
    expect(renewalAt(facts, nextWeek)).toBe('manual');
  });

  describe('that is announced', () => {
    const announce = (mode: 'auto' | 'manual' | 'cancelAtPeriodEnd', effectiveAt = nextWeek, at = noon) =>
      command('SetRenewal', { to: mode, scheduled: { effectiveAt } }, at);
    const suspend = command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: later });
    const announced = followedBy([issued()], announce('auto'));
    const pastAndNext = followedBy(
      [issued()],
      announce('auto', tomorrow),
      announce('cancelAtPeriodEnd', nextWeek, tomorrow),
    );
    const [changed, withdrawn] = ['LicenseRenewalChanged', 'ScheduledChangeCancelled'];

    test.each([
      ['again changes nothing', announced, announce('auto'), []],
      [
        'again changes nothing, also with another announced change',
        followedBy(announced, suspend),
        announce('auto'),
        [],
      ],
      [
        'again changes nothing after an earlier one came',
        pastAndNext,
        announce('cancelAtPeriodEnd', nextWeek, tomorrow),
        [],
      ],
      ['for another instant replaces the first', announced, announce('auto', tomorrow), [changed, withdrawn]],
      ['as another mode replaces the first', announced, announce('cancelAtPeriodEnd'), [changed, withdrawn]],
      ['as the mode of today only withdraws the first', announced, announce('manual'), [withdrawn]],
      ['as the mode of today changes nothing', [issued()], announce('manual'), []],
    ])('%s', (_, history, repeated, expected) => {
      expect(
        followedBy(history, repeated)
          .slice(history.length)
          .map(({ event: { type } }) => type),
      ).toEqual(expected);
    });
  });
});
