import { describe, expect, test } from 'vitest';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { beginFields, takeFieldEvent } from '../../../../src/domain/license/fields/field-origins.ts';
import { command, event, followedBy, free, to, trial } from '../commands.ts';
import {
  activate,
  activated,
  activatedEvent,
  deactivate,
  deactivatedEvent,
  expire,
  expiresAt,
  issued,
  issuedAt,
  issuedEvent,
  noon,
  on,
  oneYear,
  reinstate,
  renew,
  renewedEvent,
  suspend,
  tomorrow,
  twoDevices,
  withGrace,
} from '../examples.ts';
import { changedFields, foldedFields, originsOf } from './examples.ts';

const use = { meter: 'builds', limit: 9, overage: false };
const usageEvents: readonly LicenseEvent[] = [
  {
    type: 'UsageRecorded',
    data: { ...use, quantity: 1, usageId: 'u1', occurredAt: tomorrow, totalAfter: 1 },
  },
  {
    type: 'UsageBatchRecorded',
    data: {
      ...use,
      ...{ periodStart: tomorrow, periodEnd: expiresAt, totalAfter: 2 },
      entries: [{ usageId: 'u2', commandId: 'cmd_1', quantity: 1, occurredAt: tomorrow }],
    },
  },
];

test.each<[string, LicenseEvent]>([
  ...usageEvents.map((event): [string, LicenseEvent] => [event.type, event]),
  ['ActivationRecorded', activatedEvent('a', 1)],
  ['ActivationDeactivated', deactivatedEvent('a', 'USER', 0)],
])('The first %s of a renewed term is compared by the fields of use alone', (_, event) => {
  const compared: string[] = [];
  const show = (name: string) => () => {
    compared.push(name);
    return {};
  };
  const fold = beginFields({ whole: show('whole'), use: show('use') }, expiresAt);
  const before = [issuedEvent(), renewedEvent({ startsAt: expiresAt })];
  for (const [index, next] of [...before, event].entries()) {
    const { event: taken, at } = on(index < before.length ? '2026-06-01T12:00:00.000Z' : expiresAt, next);
    takeFieldEvent(fold, { event: taken, at, revision: BigInt(index) });
  }
  expect(compared).toEqual(['whole', 'whole', 'use']);
  expect(fold.facts?.countersFrom).toBe(expiresAt);
});

test('An event that changes only a device, and an event before the issue, are not compared', () => {
  let compared = 0;
  const count = () => {
    compared++;
    return {};
  };
  const fold = beginFields({ whole: count, use: count }, noon);
  const updated = event('ActivationUpdated', { activationId: 'act_a', appVersion: '2.2.0' });
  for (const [index, { event: taken, at }] of [activated('b', 1), issued(), on(noon, updated)].entries())
    takeFieldEvent(fold, { event: taken, at, revision: BigInt(index) });
  expect(compared).toBe(1);
});

describe('An event explains a field', () => {
  const asIssued = { setBy: 0n, before: null, byTime: null };
  const limitOf = (activations: number) => command('ChangeLimits', { limits: { ...twoDevices, activations } });
  const inJuly = '2026-07-01T00:00:00.000Z';

  test('of a new license: its issue', () => {
    expect(originsOf([issued()], noon)).toEqual([
      { field: 'status', value: 'ACTIVE', ...asIssued },
      { field: 'policy', value: 'pol_1', ...asIssued },
      { field: 'products', value: ['local_cli', 'cloud_ide'], ...asIssued },
      { field: 'limit', value: 2, ...asIssued },
      { field: 'expiresAt', value: expiresAt, ...asIssued },
      { field: 'suspension', value: null, ...asIssued },
      { field: 'renewal', value: 'manual', ...asIssued },
      { field: 'usage', value: 0, ...asIssued },
    ]);
  });

  test('and a stream that issues no license has no fields to explain', () => {
    expect(originsOf([], noon)).toEqual([]);
    expect(originsOf([activated('a', 1)], noon)).toEqual([]);
  });

  test('that it changed last, with the value that it replaced, and explains no other', () => {
    const raised = followedBy([issued()], limitOf(3), limitOf(5));
    expect(changedFields(raised, inJuly)).toEqual({ limit: { value: 5, setBy: 2n, before: 3, byTime: null } });
    const returned = followedBy([issued()], limitOf(3), limitOf(2));
    expect(changedFields(returned, inJuly)).toEqual({ limit: { value: 2, setBy: 2n, before: 3, byTime: null } });
  });

  test('of use, such as the number of devices', () => {
    const used = followedBy([issued()], activate('a'), activate('b'), deactivate('a', tomorrow), limitOf(5));
    expect(changedFields(used, inJuly)).toEqual({
      usage: { value: 1, setBy: 3n, before: 2, byTime: null },
      limit: { value: 5, setBy: 4n, before: 2, byTime: null },
    });
  });

  test('when a person suspended and reinstated the license, and the clock did nothing', () => {
    const history = followedBy([issued()], suspend(), reinstate(tomorrow));
    expect(changedFields(history, inJuly)).toEqual({
      status: { value: 'ACTIVE', setBy: 2n, before: 'SUSPENDED', byTime: null },
      suspension: { value: null, setBy: 2n, before: 'ADMIN', byTime: null },
    });
  });

  test('when a renewal follows an announced expiry: the announcement no longer explains the status', () => {
    const renewed = followedBy([issued()], expire(), renew({ basis: 'FROM_NOW' }, '2027-01-02T00:00:00.000Z'));
    expect(changedFields(renewed, '2027-01-03T00:00:00.000Z')).toEqual({
      status: { value: 'ACTIVE', setBy: 2n, before: 'EXPIRED', byTime: null },
      expiresAt: { value: '2028-01-02T00:00:00.000Z', setBy: 2n, before: expiresAt, byTime: null },
    });
  });
});

describe('Time alone explains a field', () => {
  const later = { effectiveAt: '2026-06-08T12:00:00.000Z' };
  const timed = suspend('ADMIN', later.effectiveAt);
  const endTimed = command('EndSuspension', { until: later.effectiveAt }, '2026-06-08T13:00:00.000Z');
  const fromMarch = { ...oneYear, startsAt: '2026-03-01T00:00:00.000Z', expiresAt: '2026-05-01T00:00:00.000Z' };
  const issuedWithGrace = issued({ policy: withGrace });
  const graceEndsAt = '2027-01-02T00:00:00.000Z';
  const endGrace = command('EndGrace', { termNumber: 1 }, graceEndsAt);
  const byIssue = (value: unknown, since: string, from: string, announcedBy: bigint | null = null) => ({
    ...{ value, setBy: 0n, before: null },
    byTime: { since, from, announcedBy },
  });
  const expired = (announcedBy: bigint | null) => ({
    status: byIssue('EXPIRED', expiresAt, 'term.expiresAt', announcedBy),
  });
  const reinstated = (announcedBy: bigint | null) => ({
    status: byIssue('ACTIVE', later.effectiveAt, 'suspension.until', announcedBy),
    suspension: byIssue(null, later.effectiveAt, 'suspension.until', announcedBy),
  });

  test.each([
    ['before the end of the term: nothing changed', [issued()], '2026-12-31T23:59:59.999Z', {}],
    ['at the end of the term', [issued()], expiresAt, expired(null)],
    ['after the end of the term', [issued()], '2027-02-01T00:00:00.000Z', expired(null)],
    [
      'after the end of the term was announced',
      followedBy([issued()], expire('2027-01-01T00:05:00.000Z')),
      '2027-02-01T00:00:00.000Z',
      expired(1n),
    ],
    [
      'in the grace',
      followedBy([issuedWithGrace], expire()),
      '2027-01-01T12:00:00.000Z',
      { status: byIssue('IN_GRACE', expiresAt, 'term.expiresAt', 1n) },
    ],
    [
      'after the grace was announced to be over',
      followedBy([issuedWithGrace], expire(), endGrace),
      '2027-02-01T00:00:00.000Z',
      { status: byIssue('EXPIRED', graceEndsAt, 'term.graceUntil', 2n) },
    ],
    [
      'since the start of a term that began after the issue',
      [issued({ term: fromMarch })],
      '2026-04-01T00:00:00.000Z',
      { status: byIssue('ACTIVE', fromMarch.startsAt, 'term.startsAt') },
    ],
    [
      'by the last of its changes',
      [issued({ term: fromMarch })],
      noon,
      { status: byIssue('EXPIRED', fromMarch.expiresAt, 'term.expiresAt') },
    ],
    ['after a suspension with an end', followedBy([issued()], timed), '2026-06-09T00:00:00.000Z', reinstated(null)],
    [
      'after the end of a suspension was announced',
      followedBy([issued()], timed, endTimed),
      '2026-06-09T00:00:00.000Z',
      reinstated(2n),
    ],
    [
      'and the event that announced a change has set it',
      followedBy([issued()], command('SetRenewal', { to: 'auto', scheduled: later })),
      '2026-06-09T00:00:00.000Z',
      {
        renewal: {
          ...{ value: 'auto', setBy: 1n, before: 'manual' },
          byTime: { since: later.effectiveAt, from: 'scheduled', announcedBy: null },
        },
      },
    ],
  ] as const)('%s', (_, history, at, expected) => {
    expect(changedFields(history, at)).toEqual(expected);
  });
});

describe('A change that is due and that no worker has recorded', () => {
  const later = { effectiveAt: '2026-06-08T12:00:00.000Z' };
  const trialEndsAt = '2026-01-15T00:00:00.000Z';
  const trialTerm = { ...oneYear, duration: 'P14D', expiresAt: trialEndsAt };
  const downgraded: typeof trial = { ...trial, trialEnd: 'DOWNGRADE' };
  const afterTrial = to(free, { limits: { ...twoDevices, activations: 1 } });
  const onTrial = issued({ policy: downgraded, term: trialTerm, afterTrial });
  const planned = { since: later.effectiveAt, from: 'scheduled', announcedBy: null };
  const trialEnded = { since: trialEndsAt, from: 'term.expiresAt', announcedBy: null };

  test('of the tier was set, with what follows from it, by the event that announced it', () => {
    const plan = command('ChangeTier', { target: to(free, { products: ['local_cli'] }), scheduled: later });
    const history = followedBy([issued()], activate('a'), plan);
    expect(changedFields(history, '2026-06-08T11:59:59.999Z')).toEqual({
      usage: { value: 1, setBy: 1n, before: 0, byTime: null },
    });
    expect(changedFields(history, later.effectiveAt)).toEqual({
      policy: { value: 'pol_free', setBy: 2n, before: 'pol_1', byTime: planned },
      products: { value: ['local_cli'], setBy: 2n, before: ['local_cli', 'cloud_ide'], byTime: planned },
      usage: { value: 1, setBy: 1n, before: 0, byTime: null },
    });
  });

  test('at the end of a trial was set by the event that began the trial', () => {
    const ended = (setBy: bigint, policy: string) => ({
      status: { value: 'ACTIVE', setBy, before: 'EXPIRED', byTime: trialEnded },
      policy: { value: 'pol_free', setBy, before: policy, byTime: trialEnded },
      limit: { value: 1, setBy, before: 2, byTime: trialEnded },
      expiresAt: { value: null, setBy, before: trialEndsAt, byTime: trialEnded },
    });
    expect(changedFields([onTrial], noon)).toEqual(ended(0n, 'pol_trial'));
    const other = { ...downgraded, policyId: 'pol_trial_2' };
    const moveAt = '2026-01-02T00:00:00.000Z';
    const moved = followedBy([onTrial], command('ChangePolicy', { target: to(other) }, moveAt));
    expect(changedFields(moved, noon)).toEqual(ended(1n, 'pol_trial_2'));
  });

  test('keeps its origin when a later change leaves it, and has none when a later change takes it back', () => {
    const since = '2026-01-10T00:00:00.000Z';
    const other = { ...downgraded, policyId: 'pol_trial_2' };
    const target = to(other, { products: ['local_cli'], limits: { ...twoDevices, activations: 7 } });
    const plan = command('ChangePolicy', { target, scheduled: { effectiveAt: since } }, issuedAt);
    const twoAgain = to(free, { limits: twoDevices });
    const history = followedBy([issued({ policy: downgraded, term: trialTerm, afterTrial: twoAgain })], plan);
    expect(changedFields(history, noon)).toEqual({
      status: { value: 'ACTIVE', setBy: 0n, before: 'EXPIRED', byTime: trialEnded },
      policy: { value: 'pol_free', setBy: 0n, before: 'pol_trial', byTime: trialEnded },
      products: {
        ...{ value: ['local_cli'], setBy: 1n, before: ['local_cli', 'cloud_ide'] },
        byTime: { ...planned, since },
      },
      expiresAt: { value: null, setBy: 0n, before: trialEndsAt, byTime: trialEnded },
    });
  });
});

test('The fold remembers the announcements of open changes only, so it does not grow with the stream', () => {
  const later = { effectiveAt: '2026-06-08T12:00:00.000Z' };
  const announced = followedBy(
    [issued()],
    command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled: later }),
    command('SetRenewal', { to: 'auto', scheduled: later }),
  );
  expect(foldedFields(announced, noon).schedules).toEqual(
    new Map([
      ['evt_1', 1n],
      ['evt_2', 2n],
    ]),
  );
  const cancelled = followedBy(announced, command('CancelScheduled', { eventId: 'evt_1' }));
  expect(foldedFields(cancelled, noon).schedules).toEqual(new Map([['evt_2', 2n]]));
});
