import { describe, expect, test } from 'vitest';
import type { RepairStep } from '../../../../src/domain/license/repair/repair-step.ts';
import { viewIn } from '../../../../src/domain/license/repair/situation.ts';
import { noon } from '../examples.ts';
import { licenseWith, planOf, seat, send, situationOf, steps } from './repair-examples.ts';

// A seat lives for six minutes after its last heartbeat.
const afterMinutes = (minutes: number) => new Date(Date.parse(noon) + minutes * 60_000).toISOString();
const takeSeat: RepairStep = { action: 'TAKE_SEAT' };
const nothingToDo = { repairs: [], unrepairable: null };

describe('The seat of a request', () => {
  test('is taken by the holder of the request, or by the one that the application knows', () => {
    const license = licenseWith({ policy: { leaseRequired: true } });
    expect(planOf(license, { lease: 'holder-a' })).toEqual(steps(['NO_LEASE', takeSeat]));
    expect(planOf(license)).toEqual(steps(['NO_LEASE', send({ leaseHolder: null })], ['NO_LEASE', takeSeat]));
  });

  test('is taken again when its heartbeats ended, also in a full license', () => {
    const limits = { activations: 0, seats: 1, users: 0, meters: {} };
    const policy = {
      lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 600, borrowMaxSeconds: 0 },
    } as const;
    const dead = [
      { leaseId: 'lea_other', lastSeenAt: noon },
      { leaseId: 'lea_a', lastSeenAt: noon },
    ];
    const license = licenseWith({ policy, limits }, seat('a'));
    const others = { at: afterMinutes(6), dead };
    expect(planOf(license, { lease: 'holder-a' }, others)).toEqual(steps(['LEASE_EXPIRED', takeSeat]));
    expect(planOf(license, { lease: 'holder-b' }, others)).toEqual(steps(['NO_LEASE', takeSeat]));
  });

  test('needs no repair until six minutes after its last heartbeat', () => {
    const license = licenseWith({}, seat('a'));
    const planAfter = (minutes: number) =>
      planOf(
        license,
        { lease: 'holder-a' },
        {
          at: afterMinutes(minutes),
          heartbeat: { leaseId: 'lea_a', lastSeenAt: afterMinutes(5) },
          dead: minutes < 11 ? [] : [{ leaseId: 'lea_a', lastSeenAt: afterMinutes(5) }],
        },
      );
    expect(planAfter(5)).toEqual(nothingToDo);
    expect(planAfter(10.9)).toEqual(nothingToDo);
    expect(planAfter(11)).toEqual(steps(['LEASE_EXPIRED', takeSeat]));
  });
});

describe('The view of a situation', () => {
  const license = licenseWith({}, seat('a'));
  const viewOf = (others: Parameters<typeof situationOf>[2], lease: string | null = 'holder-a') =>
    viewIn(situationOf(license, { lease }, others));
  const heartbeat = { leaseId: 'lea_a', lastSeenAt: afterMinutes(2) };

  test('has the last heartbeat of the requested seat', () => {
    const { facts } = license;
    const checked = { tenantSuspended: true, lastCheckInAt: noon };
    expect(viewOf({ ...checked, heartbeat })).toEqual({
      facts,
      ...checked,
      activation: null,
      lease: { aliveUntil: afterMinutes(8), isBorrowed: false, isOfUser: true },
      userAssigned: false,
    });
  });

  test.each([
    ['without a heartbeat lives for six minutes', null, 'holder-a', afterMinutes(6)],
    ['is not prolonged by another seat', { ...heartbeat, leaseId: 'lea_b' }, 'holder-a', afterMinutes(6)],
    ['of an unknown holder does not exist', heartbeat, 'holder-b', undefined],
    ['that no request names does not exist', heartbeat, null, undefined],
  ])('A seat %s', (_, last, holder, aliveUntil) => {
    expect(viewOf({ heartbeat: last }, holder).lease?.aliveUntil).toBe(aliveUntil);
  });
});
