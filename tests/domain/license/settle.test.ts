import { describe, expect, test } from 'vitest';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import { isUnsettled, settle, settledAt } from '../../../src/domain/license/settle.ts';
import { secondsBetween } from '../../../src/domain/time.ts';
import { command, enterprise, followedBy, free, policyWith, to, trial } from './commands.ts';
import { expiresAt, graceEndsAt, issued, keyIssuedEvent, licenseAfter, noon, on, revokedEvent } from './examples.ts';

const day = (number: number) => `2026-06-0${number}T12:00:00.000Z`;
const announceTier = (effectiveAt: string) =>
  command('ChangeTier', { target: to(enterprise), scheduled: { effectiveAt } });

/** A license on which four things end by the clock: a suspension, an entitlement, the present tier, a rotated key. */
const ending = (suspension: number, entitlement: number, tier: number, key: number) => {
  const rotation = { keyHash: 'cd', secretId: 's2', hint: 'ZV3MP', cause: 'ROUTINE' } as const;
  return followedBy(
    [issued(), on(noon, keyIssuedEvent)],
    command('GrantEntitlement', { code: 'sso', value: null, limit: null, until: day(entitlement), source: 'grant' }),
    announceTier(day(tier)),
    command('RotateKey', { ...rotation, overlapSeconds: secondsBetween(noon, day(key)) }),
    command('Suspend', { reasonCode: 'ADMIN', until: day(suspension) }),
  );
};
type History = ReturnType<typeof ending>;
const fallenDue = (history: History, at: string) =>
  settle(licenseAfter(...history), at).events.map(({ type, effectiveAt }) => `${type} ${effectiveAt}`);

describe('What has fallen due before a command', () => {
  const [reinstated, ended, changed, retired] = [
    ...['LicenseReinstated', 'EntitlementEnded', 'LicenseTierChanged', 'LicenseKeyRetired'],
  ] as const;
  test.each([
    [
      'in the order of its instants',
      ending(2, 3, 4, 5),
      [`${reinstated} 2`, `${ended} 3`, `${changed} 4`, `${retired} 5`],
    ],
    [
      'also when that order is reversed',
      ending(5, 4, 3, 2),
      [`${retired} 2`, `${changed} 3`, `${ended} 4`, `${reinstated} 5`],
    ],
    ['and mixed', ending(3, 2, 5, 4), [`${ended} 2`, `${reinstated} 3`, `${retired} 4`, `${changed} 5`]],
    [
      'at one instant, the key last',
      ending(2, 2, 2, 2),
      [`${reinstated} 2`, `${ended} 2`, `${changed} 2`, `${retired} 2`],
    ],
  ])('is recorded, %s', (_, history, expected) => {
    const recorded = expected.map((text) => text.replace(/\d$/, (number) => day(Number(number))));
    expect(fallenDue(history, day(9))).toEqual(recorded);
  });
  test('is recorded from its instant on, to the millisecond', () => {
    const history = ending(2, 3, 4, 5);
    expect(fallenDue(history, '2026-06-02T11:59:59.999Z')).toEqual([]);
    expect(fallenDue(history, day(2))).toEqual([`LicenseReinstated ${day(2)}`]);
    expect(fallenDue(history, day(3))).toHaveLength(2);
  });
  test('is recorded once', () => {
    const { license, events } = settle(licenseAfter(...ending(2, 3, 4, 5)), day(9));
    expect(events).toHaveLength(4);
    expect(settle(license, day(9))).toEqual({ license, events: [] });
  });
  test('leaves the license that was asked about as it is', () => {
    const license = licenseAfter(...ending(2, 3, 4, 5));
    const { facts } = settle(license, day(9)).license;
    expect(facts).toMatchObject({ policy: enterprise, keyOverlaps: [], suspension: null });
    expect(license.facts).toEqual(licenseAfter(...ending(2, 3, 4, 5)).facts);
  });
  test('is the expiry, and later the end of the grace', () => {
    const graced = [issued({ policy: policyWith({ expiryGraceSeconds: 86_400 }) })];
    expect(fallenDue(graced, expiresAt)).toEqual([`LicenseExpired ${expiresAt}`]);
    expect(fallenDue(graced, graceEndsAt)).toEqual([`LicenseExpired ${expiresAt}`, `LicenseGraceEnded ${graceEndsAt}`]);
  });
  test('is the end of a trial, with the license that follows it', () => {
    const onTrial = [issued({ policy: trial, afterTrial: to(free) })];
    expect(fallenDue(onTrial, graceEndsAt)).toEqual(
      ['LicenseExpired', 'LicenseTierChanged', 'LicenseTermStarted'].map((type) => `${type} ${expiresAt}`),
    );
    expect(settle(licenseAfter(...onTrial), expiresAt).license.facts).toMatchObject({
      policy: free,
      term: { number: 2 },
    });
  });
  test('stays due from the change on that does not fit into the append of the command', () => {
    const license = licenseAfter(...ending(2, 3, 4, 5));
    // As the store counts them.
    const [first = 0, second = 0] = settle(license, day(9)).events.map(
      (event) => 1_200 + Buffer.byteLength(JSON.stringify([event])),
    );
    const recordedWithin = (bytes: number) => settle(license, day(9), bytes).events.map(({ type }) => type);
    expect(recordedWithin(first + second)).toEqual([reinstated, ended]);
    expect(recordedWithin(first + second - 1)).toEqual([reinstated]);
  });
  test('has no event on a revoked license', () => {
    const revoked = [...ending(2, 3, 4, 5), on(noon, revokedEvent)];
    expect(fallenDue(revoked, graceEndsAt)).toEqual([]);
  });
});

describe('An answer about a license', () => {
  test('shows it after what has fallen due', () => {
    const license = licenseAfter(...ending(2, 3, 4, 5));
    const shown = settledAt(license, day(4));
    expect(shown).toEqual(settle(license, day(4)).license);
    expect(shown).toMatchObject({ facts: { policy: enterprise } });
    expect(settledAt(license, noon)).toBe(license);
  });
  test('shows no license before it is issued', () => {
    const unissued = licenseDecider.initial();
    expect(settledAt(unissued, noon)).toBe(unissued);
  });
});

describe('The facts of a license no longer say what is true', () => {
  const onTrial = [issued({ policy: trial, afterTrial: to(free) })];
  const announced = (effectiveAt: string) => followedBy([issued()], announceTier(effectiveAt));
  const suspendLater = command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: { effectiveAt: day(2) } });
  test.each<[string, History, string, boolean]>([
    ['from the instant of an announced tier change on', announced(day(2)), day(2), true],
    ['long after the instant of an announced tier change', announced(day(2)), day(9), true],
    ['but not a millisecond before that instant', announced(day(2)), '2026-06-02T11:59:59.999Z', false],
    ['also when a suspension is announced for later', followedBy(announced(day(3)), suspendLater), day(3), true],
    [
      'but not by an announced suspension, which the clock alone decides',
      followedBy([issued()], suspendLater),
      day(9),
      false,
    ],
    ['from the end of a trial on', onTrial, expiresAt, true],
    ['but not a millisecond before that end', onTrial, '2026-12-31T23:59:59.999Z', false],
    ['but not by the expiry of a license that is no trial', [issued()], graceEndsAt, false],
    ['but not by the expiry of a trial that becomes no other license', [issued({ policy: trial })], graceEndsAt, false],
    ['but not for a license that is revoked', [...announced(day(2)), on(noon, revokedEvent)], day(9), false],
    ['but not for a trial that is revoked', [...onTrial, on(noon, revokedEvent)], graceEndsAt, false],
    [
      'but not for a perpetual license',
      followedBy(onTrial, command('EndTrial', { termNumber: 1 }, expiresAt)),
      graceEndsAt,
      false,
    ],
  ])('%s', (_, history, at, expected) => {
    expect(isUnsettled(licenseAfter(...history).facts, at)).toBe(expected);
  });
});
