import { expect, test } from 'vitest';
import type { IssuedLicense } from '../../../../src/domain/license/license.ts';
import { planRepairs } from '../../../../src/domain/license/repair/plan-repairs.ts';
import type { Situation } from '../../../../src/domain/license/repair/situation.ts';
import type { ValidationScope } from '../../../../src/domain/license/validation/validation-view.ts';
import { activatedEvent, issued, licenseAfter, noon, on, pro, twoDevices } from '../examples.ts';

/** A license for two devices of each user, with these devices and their users. */
const licenseOf = (activations: number, devices: Readonly<Record<string, string>>): IssuedLicense =>
  licenseAfter(
    issued({ policy: { ...pro, devicesPerUser: 2 }, limits: { ...twoDevices, activations, users: 5 } }),
    ...[...new Set(Object.values(devices))].map((userRef, index) =>
      on(noon, { type: 'UserAssigned', data: { userRef, countAfter: index + 1, limit: 5, overage: false } }),
    ),
    ...Object.entries(devices).map(([device, userRef], index) => {
      const { type, data } = activatedEvent(device, index + 1, activations);
      return on(noon, { type, data: { ...data, userRef } });
    }),
  );

const planOf = (license: IssuedLicense, scope: Partial<ValidationScope>) => {
  const situation: Situation = {
    license,
    scope: { product: null, fingerprint: 'hash-new', ...scope },
    at: noon,
    tenantSuspended: false,
    lastCheckInAt: null,
    heartbeat: null,
    dead: [],
    isProductSold: false,
    release: null,
  };
  const { repairs, unrepairable } = planRepairs(situation);
  return { unrepairable, steps: repairs.map(({ step }) => step), others: repairs.map((one) => one.alternatives) };
};

const lacksRoom = { a: 'ref_ada', b: 'ref_ada', c: 'ref_bob' };

test('A user with too many devices releases one of them, and no limit of the license changes', () => {
  expect(planOf(licenseOf(5, lacksRoom), { user: 'ref_ada' })).toEqual({
    unrepairable: null,
    steps: [{ action: 'RELEASE_DEVICES', count: 1, ids: ['act_a', 'act_b'] }, { action: 'ACTIVATE' }],
    others: [[], []],
  });
});

test('A user with too many devices of a full license releases a device of their own', () => {
  expect(planOf(licenseOf(3, lacksRoom), { user: 'ref_ada' })).toEqual({
    unrepairable: null,
    steps: [{ action: 'RELEASE_DEVICES', count: 1, ids: ['act_a', 'act_b'] }, { action: 'ACTIVATE' }],
    others: [[], []],
  });
});

test('A device without a user gets one', () => {
  expect(planOf(licenseOf(5, { c: 'ref_bob' }), {}).steps).toEqual([
    { action: 'SEND', send: { user: 'ref_bob' }, omit: [] },
    { action: 'ACTIVATE' },
  ]);
  expect(planOf(licenseOf(5, {}), {}).steps).toEqual([
    { action: 'SEND', send: { user: null }, omit: [] },
    { action: 'ASSIGN_USER' },
    { action: 'ACTIVATE' },
  ]);
});

test('Two releases of devices never name the same device', () => {
  const devices = { a: 'ref_ada', b: 'ref_ada', c: 'ref_bob' };
  expect(planOf(licenseOf(2, devices), { user: 'ref_ada' }).steps).toEqual([
    { action: 'RELEASE_DEVICES', count: 1, ids: ['act_a'] },
    { action: 'RELEASE_DEVICES', count: 1, ids: ['act_b', 'act_c'] },
    { action: 'ACTIVATE' },
  ]);
});
