import { describe, expect, test } from 'vitest';
import { isRejection, type Stamped, stamp } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { dueCommands, nextDueAt } from '../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import { effectiveStatus } from '../../src/domain/license/status.ts';
import { command, followedBy } from '../domain/license/commands.ts';
import { issued, licenseAfter, noon, perpetual, reinstate, revoke } from '../domain/license/examples.ts';

// People complained that a suspension for a week, or a feature for a month, ended without a trace in the history.

const day = (date: number, time = '00:00:00.000Z') => `2026-06-${String(date).padStart(2, '0')}T${time}`;
const license = [issued({ term: perpetual })];
const suspend = (until: string | null, at: string, from?: string) =>
  command(
    'Suspend',
    { reasonCode: from === undefined ? 'ADMIN' : 'PAYMENT', until, ...(from && { scheduled: { effectiveAt: from } }) },
    at,
  );
const grant = (code: string, until: string | null, at = noon) =>
  command('GrantEntitlement', { code, value: null, limit: null, until, source: 'grant' }, at);

/** Returns the events of a worker that comes at these instants, each with what it says and when that was. */
const workedAt = (commands: readonly LicenseCommand[], ...instants: readonly string[]) => {
  const history: Stamped<LicenseEvent>[] = [...followedBy(license, ...commands)];
  const known = history.length;
  for (const at of instants)
    for (;;) {
      const state = licenseAfter(...history);
      const [due] = dueCommands(state.facts, at);
      if (due === undefined) break;
      const decision = licenseDecider.decide({ ...due, at } as LicenseCommand, state, () => 'evt_due');
      if (isRejection(decision)) throw new Error(decision.detail);
      expect(decision).not.toEqual([]);
      history.push(...decision.map((event) => stamp(event, at)));
    }
  const announced = history.slice(known).map(({ event, at }) => [event.type, at.effectiveAt, event.data]);
  return { announced, license: licenseAfter(...history) };
};
const end = (since: string, until: string) => [
  'LicenseReinstated',
  until,
  { suspendedSince: since, suspendedForSeconds: (Date.parse(until) - Date.parse(since)) / 1_000 },
];
const ended = (code: string, until: string) => ['EntitlementEnded', until, { code, source: 'grant', until }];

describe('the end of a suspension is in the history once, at its instant', () => {
  test.each([
    ['of a timed one', [suspend(day(8), noon)], [end(noon, day(8))]],
    ['not of one without an end', [suspend(null, noon)], []],
    ['of an announced one', [suspend(day(8), noon, day(3))], [end(day(3), day(8))]],
    [
      'of the longest of several reasons alone',
      [suspend(day(8), noon), suspend(day(12), day(2), day(5))],
      [end(noon, day(12))],
    ],
    [
      'of each of two that follow one another with a pause',
      [suspend(day(4), noon), suspend(day(12), day(2), day(9))],
      [end(noon, day(4)), end(day(9), day(12))],
    ],
    [
      'of two that follow one another without a pause, as one',
      [suspend(day(9), noon), suspend(day(12), day(2), day(9))],
      [end(noon, day(12))],
    ],
    ['not of one that was lifted before', [suspend(day(8), noon), reinstate(day(5))], []],
    ['not of one that a lasting one covers', [suspend(day(8), noon), suspend(null, day(2), day(5))], []],
    ['not after the license was revoked', [suspend(day(8), noon), revoke(day(5))], []],
  ] as const)('%s', (_, commands, expected) => {
    const statuses = (facts: Parameters<typeof effectiveStatus>[0]) =>
      [12, 13, 20].map((date) => effectiveStatus(facts, day(date)));
    const before = statuses(licenseAfter(...followedBy(license, ...commands)).facts);
    for (const instants of [[day(30)], [day(4), day(8), day(9), day(12), day(30)], [day(30), day(30)]]) {
      const worked = workedAt(commands, ...instants);
      expect(worked.announced).toEqual(expected);
      expect(statuses(worked.license.facts)).toEqual(before);
      expect(nextDueAt(worked.license.facts)).toBeNull();
    }
  });
});

describe('the end of an entitlement is in the history once, at its instant', () => {
  test.each([
    ['of one', [grant('sso', day(8))], [ended('sso', day(8))]],
    ['not of one without an end', [grant('sso', null)], []],
    [
      'of several, the earliest first',
      [grant('late', day(9)), grant('early', day(3)), grant('too', day(9))],
      [ended('early', day(3)), ended('late', day(9)), ended('too', day(9))],
    ],
    [
      'at the end that it was given last',
      [grant('sso', day(8)), grant('sso', day(11), day(5))],
      [ended('sso', day(11))],
    ],
    [
      'not of one that was taken back before',
      [grant('sso', day(8)), command('RevokeEntitlement', { code: 'sso', source: 'grant' }, day(5))],
      [],
    ],
  ] as const)('%s', (_, commands, expected) => {
    for (const instants of [[day(30)], [day(3), day(8), day(9), day(11), day(30)]]) {
      const worked = workedAt(commands, ...instants);
      expect(worked.announced).toEqual(expected);
      expect(nextDueAt(worked.license.facts)).toBeNull();
    }
  });
  test('not of one that had ended before the license was recorded here', () => {
    const past = { code: 'old', value: null, limit: null, until: '2025-12-01T00:00:00.000Z', source: 'grant' } as const;
    expect(nextDueAt(licenseAfter(issued({ term: perpetual, entitlements: [past] })).facts)).toBeNull();
  });
  test('and of one that is granted again, at its new end', () => {
    const first = workedAt([grant('sso', day(8))], day(10));
    expect(first.announced).toEqual([ended('sso', day(8))]);
    const again = workedAt([grant('sso', day(8)), grant('sso', day(15), day(10))], day(20));
    expect(again.announced).toEqual([ended('sso', day(15))]);
  });
});
