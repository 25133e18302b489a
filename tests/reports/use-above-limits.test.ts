import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { settledAt } from '../../src/domain/license/settle.ts';
import type { Limits } from '../../src/domain/license/usage/usage-limits.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { moreOf, readMore } from '../../src/projections/tables/license-more.ts';
import { command, followedBy, free, policyWith, to, trial } from '../domain/license/commands.ts';
import {
  activate,
  deactivate,
  expiresAt,
  given,
  issued,
  licenseAfter,
  noon,
  tomorrow,
} from '../domain/license/examples.ts';

// People complained that a downgrade, announced months before, locked every device out on its day.

const nextWeek = '2026-06-08T12:00:00.000Z';
const later = '2026-06-09T12:00:00.000Z';
const lease = { scope: 'INSTANCE', ttlSeconds: 86_400 * 30, resurrectSeconds: 0, borrowMaxSeconds: 0 } as const;
const of = (count: number): Limits => ({ activations: count, seats: count, users: count, meters: {} });
const refusing = (overrides: Partial<PinnedPolicy> = {}): PinnedPolicy => ({
  ...free,
  policyId: 'pol_strict',
  limitStrategy: 'REJECT',
  lease,
  ...overrides,
});
const seat = (name: string, at = noon) =>
  command(
    'AcquireLease',
    { leaseId: `lea_${name}`, holderHash: name, product: null, userRef: null, borrowSeconds: null, dead: [] },
    at,
  );
const user = (userRef: string, at = noon) => command('AssignUser', { userRef }, at);
const announced = (policy: PinnedPolicy, limits: Limits | null) =>
  command('ChangeTier', { target: to(policy, { limits }), scheduled: { effectiveAt: nextWeek } });
const inUse = [activate('a'), activate('b'), seat('m1'), seat('m2'), user('usr_a'), user('usr_b')];
const afterEnd = '2027-01-01T00:00:01.000Z';

const answerAt = (history: ReturnType<typeof followedBy>, at: string) => {
  const license = settledAt(licenseAfter(...history), at);
  const scope = { product: null, fingerprint: 'hash-a' };
  return validate(license.kind === 'unissued' ? null : validationView(license, scope), scope, at);
};

type Row = readonly [string, Partial<PinnedPolicy>, LicenseCommand[], string];
const rows: readonly Row[] = [
  ['an announced change to a policy that refuses it', {}, [announced(refusing(), of(1))], later],
  ['an announced change to less overage', { overage: { kind: 'ALWAYS' } }, [announced(refusing(), null)], later],
  [
    'an announced change to less overage that would end the oldest use',
    { overage: { kind: 'ALWAYS' } },
    [announced(refusing({ limitStrategy: 'EVICT_OLDEST' }), null)],
    later,
  ],
];

describe('what was in use stays valid, and nothing new is added above the limit', () => {
  test.each(rows)('after %s', (_, overrides, commands, at) => {
    const limits = overrides.overage === undefined ? of(2) : of(1);
    const license = [issued({ policy: policyWith({ lease, ...overrides }), limits })];
    const history = followedBy(license, ...inUse, ...commands);
    const over = { valid: true, code: 'VALID_OVERAGE' };
    expect(answerAt(history, at), 'before anybody recorded the change').toMatchObject(over);
    const recorded = followedBy(history, command('ChangeReference', { to: 'sub_2' }, at));
    expect(answerAt(recorded, at), 'after it was recorded').toMatchObject(over);
    given(...recorded)
      .when(activate('c', at))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
    given(...recorded)
      .when(seat('m3', at))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...recorded)
      .when(user('usr_c', at))
      .thenRejected('USER_LIMIT_EXCEEDED');
    given(...followedBy(recorded, deactivate('b', at)))
      .when(activate('c', at))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });

  test('after the end of a trial', () => {
    const afterTrial = to(refusing(), { limits: of(1) });
    const license = [issued({ policy: { ...trial, lease }, limits: of(2), afterTrial })];
    const history = followedBy(license, activate('a'), activate('b'), user('usr_a'), user('usr_b'));
    expect(answerAt(history, expiresAt)).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
    given(...history)
      .when(activate('c', afterEnd))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
});

test('An immediate change that would leave use above the limit is still refused', () => {
  const history = followedBy([issued({ policy: policyWith({ lease }), limits: of(2) })], ...inUse);
  given(...history)
    .when(command('ChangeTier', { target: to(refusing(), { limits: of(1) }) }, tomorrow))
    .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
});

test('An immediate policy that accepts no overage makes use above the limit invalid, as before', () => {
  const generous = policyWith({ lease, overage: { kind: 'ALWAYS' } });
  const history = followedBy([issued({ policy: generous, limits: of(1) })], ...inUse);
  const changed = followedBy(history, command('ChangeTier', { target: to(refusing()) }, tomorrow));
  expect(answerAt(changed, tomorrow)).toMatchObject({ valid: false, code: 'TOO_MANY_ACTIVATIONS' });
});

test('A change at once to another policy takes nothing from those who were let in before', () => {
  const history = followedBy(
    [issued({ policy: policyWith({ lease }), limits: of(2) })],
    ...inUse,
    announced(refusing(), of(1)),
    command('ChangeTier', { target: to(refusing({ policyId: 'pol_other' })) }, later),
  );
  expect(answerAt(history, later)).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
});

test('Limits that were set with REJECT count again', () => {
  const history = followedBy([issued({ limits: of(2) })], ...inUse, announced(refusing(), of(1)));
  const changed = (limits: Limits, strategy: 'ALLOW_OVER' | 'REJECT') =>
    licenseAfter(...followedBy(history, command('ChangeLimits', { limits, strategy }, later))).facts.overuseStays;
  expect([changed(of(3), 'REJECT'), changed({ ...of(1), users: 3 }, 'ALLOW_OVER')]).toEqual([false, true]);
});

test('A policy that accepts no use above its limits makes it invalid although the issuer lowered them with ALLOW_OVER', () => {
  const policy = policyWith({ lease, limitStrategy: 'REJECT' });
  const lowered = command('ChangeLimits', { limits: of(1), strategy: 'ALLOW_OVER' });
  const history = followedBy([issued({ policy, limits: of(2) })], ...inUse, lowered);
  expect(answerAt(history, later)).toMatchObject({ valid: false, code: 'TOO_MANY_ACTIVATIONS' });
});

test('A stored row keeps that use above the limits stays', () => {
  const history = followedBy([issued({ limits: of(2) })], announced(refusing(), of(1)));
  const { facts } = licenseAfter(...followedBy(history, command('ChangeReference', { to: 'sub_2' }, later)));
  expect(facts.overuseStays).toBe(true);
  expect(readMore(JSON.stringify(moreOf(facts))).overuseStays).toBe(true);
  expect(readMore('{"offer":null}').overuseStays).toBe(false);
});
