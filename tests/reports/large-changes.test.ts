import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { Entitlement } from '../../src/domain/license/grants/entitlement.ts';
import { settle } from '../../src/domain/license/settle.ts';
import { command, enterprise, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import {
  activatedEvent,
  issued,
  justBeforeExpiry,
  licenseAfter,
  noon,
  on,
  tomorrow,
} from '../domain/license/examples.ts';
import { decisionOn } from '../domain/license/many-devices.ts';

// Each part is as large as the API accepts it: 100 entitlements and 100 products of a policy, 500 grants, codes of 64
// characters, values of 256 characters with the longest form in JSON.

const name = (kind: string, index: number) => `${kind}_${index}_`.padEnd(64, 'x');
const list = <Value>(count: number, at: (index: number) => Value): readonly Value[] =>
  Array.from({ length: count }, (_, index) => at(index));
const entitlements = (kind: string, source: Entitlement['source'], count = 100): readonly Entitlement[] =>
  list(count, (index) => ({
    ...{ code: name(kind, index), value: '\u0001'.repeat(256), limit: Number.MAX_SAFE_INTEGER },
    ...{ until: null, source },
  }));
const products = (kind: string) => list(100, (index) => name(kind, index).slice(0, 40));
const meters = (kind: string) => Object.fromEntries(list(50, (index) => [name(kind, index), 1_000_000]));
const limits = (kind: string, count: number) => ({
  ...{ activations: count, seats: count, users: count },
  meters: meters(kind),
});

/** The bytes of an append, as the store counts them. It refuses more than `appendBytesMax`. */
const bytesOf = (events: readonly LicenseEvent[]) =>
  events.length * 1_200 + Buffer.byteLength(JSON.stringify(events.map((event) => ({ ...event, byLedger: true }))));
const appendBytesMax = 1_000_000;

const evicting = { limitStrategy: 'EVICT_OLDEST', deactivateOnUnassign: true } as const;
const policy = policyWith(evicting);
const target = (kind: string, more: Partial<Parameters<typeof to>[1]> = {}) =>
  to(
    { ...enterprise, ...evicting },
    { limits: limits(kind, 0), products: products(kind), entitlements: entitlements(kind, 'tier'), ...more },
  );
const reset = { resetsOverrides: true } as const;
const announce = command('ChangeTier', { target: target('b', reset), scheduled: { effectiveAt: tomorrow } });

/** 400 users, each with a seat and a device. */
const users = list(400, (index): readonly LicenseCommand[] => [
  command('AssignUser', { userRef: `usr_${index}` }),
  command('AcquireLease', {
    ...{ leaseId: `l${index}`, holderHash: `m${index}`, product: null, userRef: `usr_${index}` },
    ...{ borrowSeconds: null, dead: [] },
  }),
]).flat();
const devices = list(400, (index) => {
  const { type, data } = activatedEvent(`d${index}`, index + 1, 1_000);
  return on(noon, { type, data: { ...data, userRef: `usr_${index}` } });
});
const granted = entitlements('grant', 'grant', 500).map((data) => on(noon, { type: 'EntitlementGranted', data }));
const ends = list(60, (index) =>
  on(noon, {
    type: 'EntitlementGranted',
    data: { ...(granted[index]?.event.data as Entitlement), until: '2026-06-02T06:00:00.000Z' },
  }),
);
const full = [
  ...followedBy(
    [issued({ policy, limits: limits('a', 1_000), products: products('a'), entitlements: entitlements('a', 'tier') })],
    ...users,
  ),
  ...devices,
  ...granted,
  ...ends,
];
const later = '2026-06-03T12:00:00.000Z';
const suspend = command('Suspend', { reasonCode: 'ADMIN', until: null }, later);
const revoke = command('Revoke', { reasonCode: 'FRAUD' }, later);
const ordinary = command('GrantEntitlement', { ...(granted[0]?.event.data as Entitlement), value: 'new' }, later);

describe('An announced RESET of a license with 500 grants', () => {
  const history = followedBy(full, announce);
  const license = licenseAfter(...history);
  const { eventId = '' } = license.facts.scheduled[0] ?? {};
  const carryOut = command('CarryOutScheduled', { eventId }, tomorrow);

  test.each([
    ['suspended', suspend],
    ['revoked', revoke],
    ['changed', ordinary],
  ])('does not stop the license from being %s, however large the policies are', (_, wanting) => {
    const decided = decisionOn(license, wanting);
    expect(bytesOf(decided)).toBeLessThan(appendBytesMax);
    expect(decided.length).toBeGreaterThan(0);
  });
  test.each([
    ['all products change too', target('b', reset)],
    ['products and limits change, and devices end', target('b', { ...reset, products: null })],
    [
      'users lose their seats and devices',
      target('b', { ...reset, products: null, limits: { ...limits('b', 1_000), users: 0 } }),
    ],
    ['nothing else changes', target('b', { ...reset, products: null, limits: null })],
  ])('fits into one append of the worker when %s', (_, moved) => {
    const announced = followedBy(full, command('ChangeTier', { target: moved, scheduled: { effectiveAt: tomorrow } }));
    const eventId = licenseAfter(...announced).facts.scheduled[0]?.eventId ?? '';
    const decided = decisionOn(licenseAfter(...announced), command('CarryOutScheduled', { eventId }, tomorrow));
    expect(bytesOf(decided)).toBeLessThan(appendBytesMax);
    const { facts } = licenseAfter(...announced, ...decided.map((event) => on(tomorrow, event)));
    expect(facts.entitlements.map(({ code }) => code)).toEqual(entitlements('b', 'tier').map(({ code }) => code));
  });
  test('says in one event which grants went', () => {
    const decided = decisionOn(license, carryOut);
    const [changed] = decided;
    const codes = entitlements('grant', 'grant', 500).map(({ code }) => code);
    const { dropped } = changed?.type === 'LicenseTierChanged' ? changed.data : {};
    expect(dropped?.entitlements?.toSorted()).toEqual(codes.toSorted());
    const revoked = decided.filter(({ type }) => type === 'EntitlementRevoked');
    expect(new Set(revoked.map(({ data }) => (data as Entitlement).source))).toEqual(new Set(['tier']));
  });
  test.each(['2027-01-01T00:00:00.000Z', '2027-02-01T00:00:00.000Z'])(
    'does not let an expiry that has passed be moved afterwards, at %s',
    (at) => {
      const move = (instant: string) =>
        command('ChangeExpiry', { to: '2028-01-01T00:00:00.000Z', reasonCode: 'GOODWILL' }, instant);
      // The change stays due, and so does the expiry after it.
      const before = decisionOn(license, move(justBeforeExpiry)).map(({ type }) => type);
      expect([before.at(-1), before.includes('LicenseTierChanged')]).toEqual(['LicenseExpiryChanged', false]);
      expect(licenseDecider.decide(move(at), license, () => 'evt_1')).toMatchObject({ rejected: 'TERM_INVALID' });
    },
  );
  test('is shown at its instant, whether or not it fits into the append of a command', () => {
    expect(settle(license, later).license.facts.policy.tier).toBe('ENTERPRISE');
  });
});

test('A lowered limit of users ends 200 seats and 200 devices at once, and fewer next to a large change of the policy', () => {
  const fewer = { ...limits('a', 1_000), users: 0 };
  const counts = (decided: readonly LicenseEvent[]) => [
    decided.filter(({ type }) => type === 'LeaseReleased').length,
    decided.filter(({ type }) => type === 'ActivationDeactivated').length,
  ];
  const alone = command('ChangeLimits', { limits: fewer });
  expect(counts(decisionOn(licenseAfter(...full), alone))).toEqual([200, 200]);
  const move = command('ChangeTier', { target: target('b', { products: null, limits: fewer }) });
  const moved = decisionOn(licenseAfter(...full), move);
  expect(counts(moved)).toEqual([124, 124]);
  expect(moved).toHaveLength(450);
});

test('An announced RESET with policies of ordinary size is recorded before the next command', () => {
  const short = (kind: string): readonly Entitlement[] =>
    list(100, (index) => ({ code: `${kind}_${index}`, value: 'yes', limit: null, until: null, source: 'tier' }));
  const small = command('ChangeTier', {
    target: to(enterprise, { entitlements: short('b'), ...reset }),
    scheduled: { effectiveAt: tomorrow },
  });
  const license = licenseAfter(...followedBy([issued({ entitlements: short('a') }), ...granted], small));
  const decided = decisionOn(license, suspend);
  expect(decided.map(({ type }) => type)).toEqual([
    'LicenseTierChanged',
    ...Array.from({ length: 100 }, () => 'EntitlementRevoked'),
    ...Array.from({ length: 100 }, () => 'EntitlementGranted'),
    'LicenseSuspended',
  ]);
  expect(bytesOf(decided)).toBeLessThan(appendBytesMax);
});

test.each([0, 1, 64, 128, 192, 256])(
  'The end of a trial after an announced change stops no suspension or revocation, with values of %i characters',
  (length) => {
    const values = (kind: string) =>
      entitlements(kind, 'trial').map((entitlement) => ({ ...entitlement, value: 'x'.repeat(length) }));
    const moved = to({ ...trial, ...evicting }, { ...reset, entitlements: values('b') });
    const began = issued({
      ...{ policy: { ...trial, ...evicting }, entitlements: values('a') },
      ...{ afterTrial: to(enterprise, { entitlements: values('c') }), limits: limits('a', 1_000) },
    });
    const announced = command('ChangeTier', { target: moved, scheduled: { effectiveAt: tomorrow } });
    const license = licenseAfter(...followedBy([began, ...granted, ...devices], announced));
    const after = '2027-02-01T00:00:00.000Z';
    for (const wanting of [suspend, revoke]) {
      const decided = decisionOn(license, { ...wanting, at: after });
      expect(decided[0]?.type).toBe('LicenseTierChanged');
      expect(bytesOf(decided)).toBeLessThan(appendBytesMax);
    }
    expect(settle(license, after).license.facts).toMatchObject({ policy: { tier: 'ENTERPRISE' }, term: { number: 2 } });
  },
);

test('An immediate RESET of a license with thousands of grants from an earlier build fits into one append', () => {
  const many = list(2_000, (index) =>
    on(noon, {
      type: 'EntitlementGranted',
      data: { ...(granted[0]?.event.data as Entitlement), code: name('old', index), value: null },
    }),
  );
  const history = [issued(), ...many];
  const decided = decisionOn(licenseAfter(...history), command('ChangeTier', { target: to(enterprise, reset) }));
  expect(decided.map(({ type }) => type)).toEqual(['LicenseTierChanged']);
  expect(bytesOf(decided)).toBeLessThan(appendBytesMax);
  expect(licenseAfter(...history, ...decided.map((event) => on(noon, event))).facts.entitlements).toEqual([]);
});

test('A log in which an event followed for each grant that went folds to the same license', () => {
  const grant: Entitlement = { code: 'sso', value: null, limit: null, until: null, source: 'grant' };
  const history = [issued(), on(noon, { type: 'EntitlementGranted', data: grant })];
  const decided = decisionOn(licenseAfter(...history), command('ChangeTier', { target: to(enterprise, reset) }));
  const now = [...history, ...decided.map((event) => on(noon, event))];
  const before = [...now, on(noon, { type: 'EntitlementRevoked', data: { code: 'sso', source: 'grant' } })];
  expect(licenseAfter(...before).facts).toEqual(licenseAfter(...now).facts);
});
