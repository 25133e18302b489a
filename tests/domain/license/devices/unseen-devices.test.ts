import { describe, expect, test } from 'vitest';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { command, device, event, followedBy } from '../commands.ts';
import { activate, given, noon, pro } from '../examples.ts';
import { of, seats } from '../validation/validation-examples.ts';

const day = 86_400;
const dayOn = (days: number, seconds = 0) => plusSeconds(noon, days * day + seconds);
const rule = { deactivateUnseenAfter: 'P90D' };
const limits = { ...seats, activations: 5 };
const two = followedBy(of(rule, limits), activate('a'), activate('b'));
const check = (at: string, lastSeenAt = noon, ...letters: readonly string[]) =>
  command(
    'ReleaseUnseen',
    {
      devices: (letters.length === 0 ? ['a'] : letters).map((letter) => ({
        activationId: `act_${letter}`,
        lastSeenAt,
      })),
    },
    at,
  );
const announcement = (deactivatesAt: string, lastSeenAt = noon, letter = 'a') =>
  event('DeactivationAnnounced', { activationId: `act_${letter}`, lastSeenAt, deactivatesAt });
const announced = followedBy(two, check(dayOn(83)));
const unseen = (countAfter = 1, letter = 'a') =>
  event('ActivationDeactivated', { activationId: `act_${letter}`, cause: 'UNSEEN', countAfter });

describe('A device without a contact under a policy of 90 days', () => {
  test('is announced 7 days before, once', () => {
    given(...two)
      .when(check(dayOn(83, -1)))
      .thenNothing();
    given(...two)
      .when(check(dayOn(83)))
      .thenEvents(announcement(dayOn(90)));
    given(...announced)
      .when(check(dayOn(84)))
      .thenNothing();
  });

  test('is deactivated five minutes after the announced instant, because contacts are stored late', () => {
    given(...announced)
      .when(check(dayOn(90, 299)))
      .thenNothing();
    given(...announced)
      .when(check(dayOn(90, 300)))
      .thenEvents(unseen());
  });

  test('is never deactivated without an announcement, and a late worker does not shorten the notice', () => {
    given(...two)
      .when(check(dayOn(150)))
      .thenEvents(announcement(dayOn(157)));
  });

  test('stays when it was seen after the announcement, and is announced again later', () => {
    const seen = dayOn(89);
    given(...announced)
      .when(check(dayOn(97), seen))
      .thenNothing();
    given(...announced)
      .when(check(dayOn(172), seen))
      .thenEvents(announcement(dayOn(179), seen));
  });

  test('counts an event about it as a contact, when no contact is stored', () => {
    const updated = followedBy(two, command('Activate', device('a', { appVersion: '2.0.0' }), dayOn(50)));
    given(...updated)
      .when(check(dayOn(100)))
      .thenNothing();
    given(...updated)
      .when(check(dayOn(133)))
      .thenEvents(announcement(dayOn(140), dayOn(50)));
  });

  test('is announced again when the worker comes more than 30 days after the announced instant', () => {
    given(...announced)
      .when(check(dayOn(97)))
      .thenEvents(unseen());
    given(...announced)
      .when(check(dayOn(120)))
      .thenEvents(announcement(dayOn(127)));
  });

  test('frees its place, counts for nobody’s deactivations and can be activated again', () => {
    const release = { allowed: true, cooldownSeconds: 90 * day, maxPerTerm: 1 };
    const full = followedBy(
      of({ ...rule, deactivation: release }, { ...limits, activations: 2 }),
      activate('a'),
      activate('b'),
    );
    const ended = followedBy(full, check(dayOn(83)), check(dayOn(91)), command('Activate', device('c'), dayOn(91)));
    given(...ended)
      .when(command('Deactivate', { device: { fingerprintHash: 'hash-b' }, by: 'USER' }, dayOn(91)))
      .thenEvents(event('ActivationDeactivated', { activationId: 'act_b', cause: 'USER', countAfter: 1 }));
    expect(followedBy(announced, check(dayOn(91)), command('Activate', device('a'), dayOn(91)))).toHaveLength(
      announced.length + 2,
    );
  });

  test('takes its seat with it where machines hold seats, and each device counts down', () => {
    const policy = { ...rule, lease: { ...pro.lease, scope: 'MACHINE' as const, borrowMaxSeconds: 90 * day } };
    const seat = { leaseId: 'l1', holderHash: 'hash-a', product: null, userRef: null, borrowSeconds: 60, dead: [] };
    const seated = followedBy(of(policy, limits), activate('a'), activate('b'), command('AcquireLease', seat));
    const types = followedBy(seated, check(dayOn(83), noon, 'a', 'b'), check(dayOn(91), noon, 'a', 'b')).slice(
      seated.length,
    );
    expect(types.map(({ event: { type } }) => type)).toEqual([
      ...['DeactivationAnnounced', 'DeactivationAnnounced'],
      ...['ActivationDeactivated', 'LeaseReleased', 'ActivationDeactivated'],
    ]);
    expect(types.at(-1)?.event.data).toMatchObject({ activationId: 'act_b', countAfter: 0 });
  });
});

describe('No device ends', () => {
  test('under a policy without the rule, or when the worker names an unknown device', () => {
    given(...followedBy(of({}, limits), activate('a')))
      .when(check(dayOn(200)))
      .thenNothing();
    given(...announced)
      .when(check(dayOn(200), noon, 'z'))
      .thenNothing();
  });

  test('while the license is suspended; after the end of the suspension it is announced again', () => {
    const suspended = followedBy(announced, command('Suspend', { reasonCode: 'PAYMENT', until: null }, dayOn(84)));
    given(...suspended)
      .when(check(dayOn(91)))
      .thenNothing();
    given(...followedBy(suspended, command('Reinstate', {}, dayOn(95))))
      .when(check(dayOn(95, 60)))
      .thenEvents(announcement(dayOn(102, 60)));
  });

  test('by a shorter notice than half of a short period', () => {
    given(...followedBy(of({ deactivateUnseenAfter: 'P2D' }, limits), activate('a')))
      .when(check(dayOn(1)))
      .thenEvents(announcement(dayOn(2)));
  });
});
