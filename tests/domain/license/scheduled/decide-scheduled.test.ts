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
