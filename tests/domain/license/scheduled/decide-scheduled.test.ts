import { describe, expect, test } from 'vitest';
import { command, event, followedBy, free, to } from '../commands.ts';
import { activated, given, issued, licenseAfter, noon, pro, revoke, tomorrow } from '../examples.ts';

const nextWeek = '2026-06-08T12:00:00.000Z';
const justBefore = '2026-06-08T11:59:59.999Z';
const later = { effectiveAt: nextWeek };
const suspendLater = command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: later });
const cancel = (eventId = 'evt_1', at = noon) => command('CancelScheduled', { eventId }, at);

describe('an announced tier change', () => {
  const target = to(free, { products: ['local_cli'] });
  const plan = command('ChangeTier', { target, scheduled: later });
  const carryOut = (at: string, eventId = 'evt_1') => command('CarryOutScheduled', { eventId }, at);
  const planned = followedBy([issued(), activated('a', 1)], plan);

  test('records its target and changes nothing yet', () => {
    given(issued())
      .when(plan)
      .thenEvents(event('TierChangeScheduled', { eventId: 'evt_1', from: 'PRO', target }, nextWeek));
    given(...planned)
      .when(plan)
      .thenNothing();
    expect(licenseAfter(...planned).facts.policy).toEqual(pro);
  });
  test('is carried out once, with its consequences, when its time has come', () => {
    given(...planned)
      .when(carryOut(justBefore))
      .thenNothing();
    given(...planned)
      .when(carryOut(nextWeek))
      .thenEvents(
        event('LicenseTierChanged', {
          from: 'PRO',
          to: 'FREE',
          policyId: 'pol_free',
          policyVersion: 1,
          policy: free,
          direction: 'DOWNGRADE',
          cause: 'SCHEDULED',
          scheduledBy: 'evt_1',
        }),
        event('ProductRemoved', { product: 'cloud_ide' }),
      );
    given(...followedBy(planned, carryOut(nextWeek)))
      .when(carryOut(nextWeek))
      .thenNothing();
    given(...planned)
      .when(carryOut(nextWeek, 'evt_2'))
      .thenNothing();
    given(...followedBy([issued()], suspendLater))
      .when(carryOut(nextWeek))
      .thenNothing();
  });
  test('takes effect at its instant with all its consequences, also when the worker is late', () => {
    const late = followedBy(planned, carryOut('2026-06-20T12:00:00.000Z')).slice(planned.length);
    expect(late.map(({ at: { effectiveAt } }) => effectiveAt)).toEqual([nextWeek, nextWeek]);
  });
  test('is not refused at its instant by the strategy REJECT: use above its limits stays', () => {
    const strict = to(
      { ...free, limitStrategy: 'REJECT' },
      { limits: { activations: 0, seats: 0, users: 0, meters: {} } },
    );
    const announced = command('ChangeTier', { target: strict, scheduled: later });
    const history = followedBy([issued(), activated('a', 1)], announced, carryOut(nextWeek));
    expect(licenseAfter(...history).facts).toMatchObject({ policy: { tier: 'FREE' }, usage: { activations: 1 } });
  });
  test('comes before the next command, in its append, when no worker came', () => {
    const command2 = command('ChangeReference', { to: 'sub_1' }, '2026-06-20T12:00:00.000Z');
    const after = followedBy(planned, command2).slice(planned.length);
    expect(after.map(({ event: { type }, at: { effectiveAt } }) => [type, effectiveAt])).toEqual([
      ['LicenseTierChanged', nextWeek],
      ['ProductRemoved', nextWeek],
      ['LicenseReferenceChanged', '2026-06-20T12:00:00.000Z'],
    ]);
  });
  test('gives the events of the next command their own ids', () => {
    const next = command(
      'SetRenewal',
      { to: 'auto', scheduled: { effectiveAt: '2026-06-30T12:00:00.000Z' } },
      '2026-06-20T12:00:00.000Z',
    );
    // The second announcement, after two events of the first.
    expect(followedBy(planned, next).at(-1)?.event.data).toMatchObject({ eventId: 'evt_4' });
  });
  test('can be withdrawn before', () => {
    given(...followedBy(planned, cancel()))
      .when(carryOut(nextWeek))
      .thenNothing();
  });
  test('is not carried out on a revoked license', () => {
    given(...followedBy(planned, revoke(tomorrow)))
      .when(carryOut(nextWeek))
      .thenNothing();
  });
});
