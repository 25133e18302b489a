import { describe, expect, test } from 'vitest';
import { fold, stamp } from '../../../src/domain/decider.ts';
import {
  type ReservationCommand,
  type ReservationEvent,
  type ReservationKind,
  reservationDecider,
} from '../../../src/domain/reservation/reservation.ts';
import { trialReservations } from '../../../src/domain/reservation/trial.ts';
import { scenarios } from '../../support/scenario.ts';

const at = '2026-01-01T12:00:00.000Z';
const given = scenarios(reservationDecider);
const reserve = (owner: string, kind: ReservationKind = 'trial_holder'): ReservationCommand => ({
  type: 'Reserve',
  at,
  data: { kind, issuerOrgId: 'org_1', owner },
});
const release = (owner: string): ReservationCommand => ({ type: 'Release', at, data: { owner } });
const reserved = (owner: string, kind: ReservationKind = 'trial_holder'): ReservationEvent => ({
  type: 'ReservationMade',
  data: { kind, issuerOrgId: 'org_1', owner },
});
const released = (owner: string): ReservationEvent => ({ type: 'ReservationReleased', data: { owner } });
const on = (event: ReservationEvent) => stamp(event, at);

describe('reserving', () => {
  test.each<ReservationKind>(['trial_holder', 'trial_device', 'trial_address', 'replacement'])(
    'records its owner: %s',
    (kind) => given().when(reserve('lic_1', kind)).thenEvents(reserved('lic_1', kind)),
  );
  test('changes nothing when the owner repeats it', () =>
    given(on(reserved('lic_1')))
      .when(reserve('lic_1'))
      .thenNothing());
  test.each<ReservationKind>(['trial_holder', 'trial_device', 'replacement'])(
    'by another owner is refused: %s',
    (kind) =>
      given(on(reserved('lic_1', kind)))
        .when(reserve('lic_2', kind))
        .thenRejected('CODE_TAKEN'),
  );
  test('works for any owner after a release', () => {
    const free = [on(reserved('lic_1')), on(released('lic_1'))];
    given(...free)
      .when(reserve('lic_2'))
      .thenEvents(reserved('lic_2'));
    given(...free)
      .when(reserve('lic_1'))
      .thenEvents(reserved('lic_1'));
    given(...free, on(reserved('lic_2')))
      .when(reserve('lic_1'))
      .thenRejected('CODE_TAKEN');
  });
  test('names the activation that a device is reserved for, and takes over the checked reservation only', () => {
    const device = (owner: string, activationId: string) => ({
      type: 'ReservationMade' as const,
      data: { kind: 'device_issuer' as const, issuerOrgId: 'org_1', owner, activationId },
    });
    const takeOver = (owner: string, since: string, activationId: string): ReservationCommand => ({
      type: 'Reserve',
      at,
      data: { ...device(owner, 'act_2').data, abandonedBy: 'lic_1', abandonedAs: { since, activationId } },
    });
    const history = given(on(device('lic_1', 'act_1')));
    const earlier = '2026-01-01T11:59:59.999Z';
    history.when(takeOver('lic_2', at, 'act_1')).thenEvents(released('lic_1'), device('lic_2', 'act_2'));
    history.when(takeOver('lic_2', earlier, 'act_1')).thenRejected('CODE_TAKEN');
    history.when(takeOver('lic_2', at, 'act_0')).thenRejected('CODE_TAKEN');
    // Its own license renews the reservation that it has checked, and keeps a newer one.
    history.when(takeOver('lic_1', at, 'act_1')).thenEvents(released('lic_1'), device('lic_1', 'act_2'));
    history.when(takeOver('lic_1', earlier, 'act_1')).thenNothing();
  });
  test('takes over the reservation of the abandoned owner only', () => {
    const takeOver = (abandonedBy: string): ReservationCommand => ({
      type: 'Reserve',
      at,
      data: { kind: 'trial_holder', issuerOrgId: 'org_1', owner: 'lic_2', abandonedBy },
    });
    given(on(reserved('lic_1')))
      .when(takeOver('lic_1'))
      .thenEvents(released('lic_1'), reserved('lic_2'));
    given(on(reserved('lic_3')))
      .when(takeOver('lic_1'))
      .thenRejected('CODE_TAKEN');
    given(on(reserved('lic_1')), on(released('lic_1')))
      .when(takeOver('lic_1'))
      .thenEvents(reserved('lic_2'));
  });
});

describe('releasing', () => {
  test('is recorded', () =>
    given(on(reserved('lic_1')))
      .when(release('lic_1'))
      .thenEvents(released('lic_1')));
  test('changes nothing when it is repeated', () =>
    given(on(reserved('lic_1')), on(released('lic_1')))
      .when(release('lic_1'))
      .thenNothing());
  test('changes nothing for the reservation of another owner', () => {
    given(on(reserved('lic_1')))
      .when(release('lic_2'))
      .thenNothing();
    given(on(reserved('lic_1')), on(released('lic_1')), on(reserved('lic_2')))
      .when(release('lic_1'))
      .thenNothing();
  });
  test('is refused when there never was a reservation', () => given().when(release('lic_1')).thenRejected('NOT_FOUND'));
});

describe('folding a reservation', () => {
  test('keeps its issuer, its owner and its start', () => {
    expect(fold(reservationDecider, [on(reserved('lic_1'))])).toEqual({
      kind: 'made',
      issuerOrgId: 'org_1',
      owner: 'lic_1',
      activationId: null,
      since: at,
    });
    expect(fold(reservationDecider, [on(reserved('lic_1')), on(released('lic_1'))])).toMatchObject({ owner: null });
    expect(fold(reservationDecider, [on(released('lic_1'))])).toEqual({ kind: 'unmade' });
  });
  test('forks into independent copies', () => {
    const origin = fold(reservationDecider, [on(reserved('lic_1'))]);
    const copy = reservationDecider.fork(origin);
    reservationDecider.evolve(copy, released('lic_1'), on(released('lic_1')).at);
    expect(origin).toEqual(fold(reservationDecider, [on(reserved('lic_1'))]));
  });
});

describe('the reservations that a trial needs', () => {
  const trial = { issuerOrgId: 'org_1', products: ['local_cli'], holderOrgId: 'org_2', fingerprintHash: 'ab' };
  const holder = (product: string) => ({ kind: 'trial_holder', fields: ['org_1', product, 'org_2'] });
  const device = (product: string) => ({ kind: 'trial_device', fields: ['org_1', product, 'ab'] });

  test('are one for the product and its holder, and one for the product and the device', () =>
    expect(trialReservations(trial)).toEqual([holder('local_cli'), device('local_cli')]));
  test('are made once for each product, in a fixed order', () => {
    const expected = ['cloud_ide', 'local_cli'].flatMap((product) => [holder(product), device(product)]);
    expect(trialReservations({ ...trial, products: ['local_cli', 'cloud_ide', 'local_cli'] })).toEqual(expected);
    expect(trialReservations({ ...trial, products: ['cloud_ide', 'local_cli'] })).toEqual(expected);
  });
  test('are made only for a known holder and a known device', () => {
    expect(trialReservations({ ...trial, fingerprintHash: null })).toEqual([holder('local_cli')]);
    expect(trialReservations({ ...trial, holderOrgId: null })).toEqual([device('local_cli')]);
    expect(trialReservations({ ...trial, holderOrgId: null, fingerprintHash: null })).toEqual([]);
  });
});
