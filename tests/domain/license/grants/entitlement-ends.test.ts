import { describe, expect, test } from 'vitest';
import { dueCommands } from '../../../../src/domain/license/due.ts';
import type { Entitlement } from '../../../../src/domain/license/grants/entitlement.ts';
import { announcedEndsMax } from '../../../../src/domain/license/grants/entitlement-ends.ts';
import { settle } from '../../../../src/domain/license/settle.ts';
import { command, event, followedBy } from '../commands.ts';
import { given, issued, licenseAfter, perpetual } from '../examples.ts';

const day = (number: number) => `2026-06-0${number}T12:00:00.000Z`;
const entitlement = (code: string, until: string | null): Entitlement => ({
  code,
  value: null,
  limit: null,
  until,
  source: 'grant',
});
const license = (...entitlements: readonly Entitlement[]) => [issued({ term: perpetual, entitlements })];
const end = (until: string, at: string) => command('EndEntitlements', { until }, at);
const ended = (code: string, until: string) => event('EntitlementEnded', { code, source: 'grant', until }, until);

describe('The ends of entitlements', () => {
  const several = license(
    entitlement('late', day(5)),
    entitlement('early', day(3)),
    entitlement('kept', null),
    entitlement('mid', day(4)),
  );

  test('are announced together, the earliest first', () => {
    given(...several)
      .when(end(day(5), day(9)))
      .thenEvents(ended('early', day(3)), ended('mid', day(4)), ended('late', day(5)));
  });
  test('are announced up to the instant that the command names, also when it comes late', () => {
    given(...several)
      .when(end(day(4), day(9)))
      .thenEvents(ended('early', day(3)), ended('mid', day(4)));
  });
  test('are announced from that instant on, to the millisecond', () => {
    given(...several)
      .when(end(day(3), '2026-06-03T11:59:59.999Z'))
      .thenNothing();
    given(...several)
      .when(end(day(3), day(3)))
      .thenEvents(ended('early', day(3)));
  });
  test('are due one command for each instant', () => {
    const { facts } = licenseAfter(
      ...license(entitlement('a', day(3)), entitlement('b', day(3)), entitlement('c', day(4))),
    );
    expect(dueCommands(facts, day(9))).toEqual(
      [day(3), day(4)].map((until) => ({ type: 'EndEntitlements', data: { until } })),
    );
  });
});

describe('More ends at one instant than one append announces', () => {
  const codes = Array.from({ length: announcedEndsMax + 1 }, (_, index) => `feature_${index}`);
  const many = license(...codes.map((code) => entitlement(code, day(3))));

  test('are announced by the next command, and each but the last says that more follow', () => {
    const first = followedBy(many, end(day(3), day(3)));
    expect(first.slice(1).map(({ event: { data } }) => data)).toEqual(
      codes.slice(0, -1).map((code) => ({ code, source: 'grant', until: day(3), more: true })),
    );
    given(...first)
      .when(end(day(3), day(9)))
      .thenEvents(ended(`feature_${announcedEndsMax}`, day(3)));
  });
  test('do not grow the append of another command', () => {
    const { events, license: settled } = settle(licenseAfter(...many), day(9));
    expect(events).toHaveLength(announcedEndsMax);
    expect(settle(settled, day(9)).events).toEqual([ended(`feature_${announcedEndsMax}`, day(3))]);
  });
  test('hold nothing else up', () => {
    const suspended = followedBy(many, command('Suspend', { reasonCode: 'ADMIN', until: day(5) }));
    const last = settle(licenseAfter(...suspended), day(9)).events.at(-1);
    expect(last).toMatchObject({ type: 'LicenseReinstated', effectiveAt: day(5) });
  });
  test('are counted alone: the end of a suspension before them does not count', () => {
    const fitting = license(...codes.slice(2).map((code) => entitlement(code, day(3))), entitlement('last', day(4)));
    const suspended = followedBy(fitting, command('Suspend', { reasonCode: 'ADMIN', until: day(2) }));
    const { events } = settle(licenseAfter(...suspended), day(9));
    expect(events[0]).toMatchObject({ type: 'LicenseReinstated', effectiveAt: day(2) });
    expect(events).toHaveLength(1 + announcedEndsMax);
    expect(events.at(-1)).toEqual(ended('last', day(4)));
  });
});
