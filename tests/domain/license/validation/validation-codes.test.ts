import { describe, expect, test } from 'vitest';
import { compareVersions } from '../../../../src/domain/license/validation/app-versions.ts';
import {
  type ValidationScope,
  type ValidationView,
  validationView,
  viewOfFacts,
} from '../../../../src/domain/license/validation/validation-view.ts';
import { type ValidationCode, validate, validationCodes } from '../../../../src/domain/license/validation/validity.ts';
import { command, device, event, followedBy, policyWith } from '../commands.ts';
import {
  activate,
  activated,
  expiresAt,
  graceEndsAt,
  issued,
  issuedAt,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  oneYear,
  perpetual,
  type pro,
  revokedEvent,
  suspendedEvent,
  tomorrow,
  twoDevices,
  withGrace,
} from '../examples.ts';

type History = Parameters<typeof followedBy>[0];

const named = (scope: Partial<ValidationScope> = {}): ValidationScope => ({
  product: null,
  fingerprint: null,
  ...scope,
});
const viewed = (history: History, scope: ValidationScope, found: Partial<ValidationView> = {}): ValidationView => ({
  ...validationView(licenseAfter(...history), scope),
  ...found,
});
const answer = (
  history: History,
  scope: Partial<ValidationScope> = {},
  at: string = noon,
  found: Partial<ValidationView> = {},
) => validate(viewed(history, named(scope), found), named(scope), at);

const plain = [issued(), on(issuedAt, keyIssuedEvent)];
const of = (policy: Partial<typeof pro>, limits = twoDevices) => [issued({ policy: policyWith(policy), limits })];
const rotated = followedBy(
  plain,
  command('RotateKey', { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds: 86_400, cause: 'ROUTINE' }),
);
const seats = { ...twoDevices, seats: 1, users: 1, meters: { builds: 2 } };
const acquire = command('AcquireLease', {
  leaseId: 'l1',
  holderHash: 'm1',
  product: null,
  userRef: null,
  borrowSeconds: null,
  dead: [],
});
const assign = command('AssignUser', { userRef: 'usr_a' });
const use = (quantity: number) =>
  command('RecordUsage', { meter: 'builds', quantity, usageId: 'u1', occurredAt: noon });
const strict = policyWith({ limitStrategy: 'REJECT' });
/** What is above its limit under a strategy that does not let it be, as after an import. */
const lowered = (history: History) => [
  ...history,
  on(
    noon,
    event('LicenseLimitsChanged', {
      before: seats,
      after: { ...seats, activations: 0, seats: 0, users: 0 },
      strategy: 'REJECT',
    }),
  ),
];

type Row = readonly [
  code: ValidationCode,
  valid: boolean,
  history: History,
  scope?: Partial<ValidationScope>,
  at?: string,
  found?: Partial<ValidationView>,
];

/** The table of codes, in its order; every code that is not NOT_FOUND, whether it makes invalid, and how it comes about. */
const table: readonly Row[] = [
  ['TENANT_SUSPENDED', false, plain, {}, noon, { tenantSuspended: true }],
  ['REVOKED', false, [...plain, on(noon, revokedEvent)]],
  ['SUSPENDED', false, [...plain, on(noon, suspendedEvent())]],
  ['KEY_ROTATED', false, rotated, { keyVersion: 1 }, tomorrow],
  ['NOT_YET_VALID', false, [issued({ term: { ...oneYear, startsAt: tomorrow } })]],
  [
    'NOT_YET_VALID',
    false,
    [issued({ term: { ...oneYear, basis: 'FIRST_VALIDATION', startsAt: null, expiresAt: null } })],
  ],
  ['EXPIRED', false, plain, {}, expiresAt],
  ['EXPIRED', true, of({ expiryStrategy: 'MAINTAIN' }), {}, expiresAt],
  ['EXPIRED', true, of({ expiryStrategy: 'ALLOW' }), {}, expiresAt],
  ['CHECK_IN_OVERDUE', false, of({ checkInSeconds: 60 }), {}, noon, { lastCheckInAt: '2026-06-01T11:59:00.000Z' }],
  ['CHECK_IN_OVERDUE', false, of({ checkInSeconds: 60 })],
  ['ENVIRONMENT_MISMATCH', false, of({ environment: 'live' }), { environment: 'test' }],
  ['PRODUCT_SCOPE_REQUIRED', false, of({ productRequired: true })],
  ['PRODUCT_NOT_LICENSED', false, plain, { product: 'workflow_app' }],
  [
    'VERSION_NOT_ENTITLED',
    false,
    of({ versions: { from: null, below: '3.0' } }),
    { version: { number: '3.0.0', releasedAt: null } },
  ],
  [
    'VERSION_NOT_ENTITLED',
    false,
    of({ versions: { from: '2.0', below: null } }),
    { version: { number: '1.9', releasedAt: null } },
  ],
  ['VERSION_NOT_ENTITLED', false, [issued({ maintenanceUntil: noon })], { version: { number: '9', releasedAt: noon } }],
  ['USER_SCOPE_REQUIRED', false, of({ userRequired: true })],
  ['USER_NOT_ASSIGNED', false, plain, { user: 'usr_a' }],
  ['ENTITLEMENT_MISSING', false, plain, { entitlements: ['sso'] }],
  ['FINGERPRINT_REQUIRED', false, of({ fingerprintRequired: true })],
  ['NOT_ACTIVATED', false, plain, { fingerprint: 'hash-a' }],
  ['NOT_ACTIVATED', false, plain, { activationId: 'act_a' }],
  [
    'FINGERPRINT_MISMATCH',
    false,
    [...plain, activated('a', 1), activated('b', 2)],
    { fingerprint: 'hash-b', activationId: 'act_a' },
  ],
  ['NO_LEASE', false, plain, { lease: 'm1' }],
  ['NO_LEASE', false, of({ leaseRequired: true })],
  ['LEASE_EXPIRED', false, followedBy(of({}, seats), acquire), { lease: 'm1' }, '2026-06-01T12:06:00.000Z'],
  ['TOO_MANY_ACTIVATIONS', false, lowered(followedBy(of(strict, seats), activate('a')))],
  ['TOO_MANY_LEASES', false, lowered(followedBy(of(strict, seats), acquire))],
  ['TOO_MANY_USERS', false, lowered(followedBy(of(strict, seats), assign))],
  ['QUOTA_EXCEEDED', false, followedBy(of({}, seats), use(2)), { meters: ['builds'] }],
  ['VALID_IN_GRACE', true, of(withGrace), {}, expiresAt],
  [
    'VALID_OVERAGE',
    true,
    followedBy(of({}, seats), activate('a'), command('ChangeLimits', { limits: { ...seats, activations: 0 } })),
  ],
  ['VALID', true, plain],
];

describe('the codes of a validation', () => {
  test('are told of a license that is not there', () => expect(validate(null, named(), noon).code).toBe('NOT_FOUND'));
  test('each have a row here, in the order of the table', () => {
    expect(['NOT_FOUND', ...new Set(table.map(([code]) => code))]).toEqual(validationCodes);
  });
  test.each(table.map((row) => [row[0], row[1], row] as const))('%s, valid %s', (code, valid, row) => {
    const [, , history, scope, at, found] = row;
    const judged = answer(history, scope, at, found);
    expect(judged).toMatchObject({ code, valid });
    expect(judged.reasons).toEqual(code === 'VALID' ? [] : [code]);
  });
});

describe('all reasons are told, in the order of the table', () => {
  test('those that make the license invalid, and the first of them is the code', () => {
    const wrong = {
      environment: 'live',
      checkInSeconds: 1,
      versions: { from: '5', below: null },
      limitStrategy: 'REJECT',
    } as const;
    const history = lowered(followedBy(of(wrong, seats), activate('a'), acquire, assign, use(2)));
    const judged = answer(
      [...history, on(noon, suspendedEvent()), on(noon, revokedEvent)],
      {
        product: 'workflow_app',
        fingerprint: 'hash-b',
        user: 'usr_b',
        lease: 'm2',
        keyVersion: 7,
        environment: 'test',
        version: { number: '1', releasedAt: null },
        entitlements: ['sso', 'api'],
        meters: ['builds', 'exports'],
      },
      expiresAt,
      { tenantSuspended: true },
    );
    expect(judged).toMatchObject({
      valid: false,
      code: 'TENANT_SUSPENDED',
      missingEntitlements: ['sso', 'api'],
      exceededMeters: ['builds', 'exports'],
    });
    expect(judged.reasons).toEqual([
      ...[
        'TENANT_SUSPENDED',
        'REVOKED',
        'SUSPENDED',
        'KEY_ROTATED',
        'EXPIRED',
        'CHECK_IN_OVERDUE',
        'ENVIRONMENT_MISMATCH',
      ],
      ...[
        'PRODUCT_NOT_LICENSED',
        'VERSION_NOT_ENTITLED',
        'USER_NOT_ASSIGNED',
        'ENTITLEMENT_MISSING',
        'NOT_ACTIVATED',
        'NO_LEASE',
      ],
      ...['TOO_MANY_ACTIVATIONS', 'TOO_MANY_LEASES', 'TOO_MANY_USERS', 'QUOTA_EXCEEDED'],
    ]);
  });
  test('and remarks on a valid one, the most important of them the code', () => {
    const over = followedBy(
      of(withGrace, seats),
      activate('a'),
      command('ChangeLimits', { limits: { ...seats, activations: 0 } }),
    );
    expect(answer(over, {}, expiresAt)).toMatchObject({
      valid: true,
      code: 'VALID_IN_GRACE',
      reasons: ['VALID_IN_GRACE', 'VALID_OVERAGE'],
    });
    expect(answer(over, { product: 'workflow_app' }, expiresAt)).toMatchObject({
      valid: false,
      reasons: ['PRODUCT_NOT_LICENSED'],
    });
  });
});

describe('what is named is found in the stream as a query finds it in rows', () => {
  const history = followedBy([issued({ limits: seats }), on(issuedAt, keyIssuedEvent)], activate('a'), assign, acquire);

  test('so all is well for this device, user, seat and key', () => {
    expect(
      answer(history, {
        product: 'local_cli',
        fingerprint: 'hash-a',
        activationId: 'act_a',
        user: 'usr_a',
        lease: 'm1',
        keyVersion: 1,
        entitlements: [],
        meters: ['builds'],
      }),
    ).toMatchObject({ valid: true, code: 'VALID' });
  });
  test('a row’s view gets the same answer', () => {
    const { facts } = licenseAfter(...history);
    const row = {
      ...viewOfFacts(facts),
      activation: { isOfFingerprint: true },
      lease: { aliveUntil: '2026-06-01T12:06:00.000Z' },
      userAssigned: true,
    };
    const scope = named({ fingerprint: 'hash-a', user: 'usr_a', lease: 'm1' });
    expect(validate(row, scope, noon)).toEqual(validate(viewed(history, scope), scope, noon));
  });
  test('an activation may be named without its fingerprint', () => {
    expect(answer(history, { activationId: 'act_a' })).toMatchObject({ valid: true });
    expect(answer(history, { fingerprint: 'hash-b', activationId: 'act_a' })).toMatchObject({
      reasons: ['FINGERPRINT_MISMATCH'],
    });
  });
  test('a device is known by its parts, as the policy says', () => {
    const matching = followedBy(
      of({ fingerprintMatching: 'ANY' }),
      command('Activate', device('a', { components: { disk: 'd' } })),
    );
    expect(answer(matching, { fingerprint: 'changed', components: { disk: 'd' } })).toMatchObject({ valid: true });
    expect(answer(matching, { fingerprint: 'changed', components: { disk: 'e' } })).toMatchObject({ valid: false });
  });
  test('a lease that lapsed has expired, one that never was is none', () => {
    const gone = followedBy(
      history,
      command('LapseLease', { leaseId: 'l1', lastSeenAt: noon }, '2026-06-01T12:06:00.000Z'),
    );
    expect(answer(gone, { lease: 'm1' }, '2026-06-01T12:07:00.000Z').code).toBe('LEASE_EXPIRED');
    expect(answer(gone, { lease: 'm2' }, '2026-06-01T12:07:00.000Z').code).toBe('NO_LEASE');
  });
  test('the answer of a lease is trusted no longer than the lease', () => {
    expect(answer(history, { lease: 'm1' }).ttlSeconds).toBe(360);
  });
});

describe('at the bounds', () => {
  test('an earlier key works until the end of its overlap, to the millisecond, and an unknown one never', () => {
    expect(answer(rotated, { keyVersion: 1 }, '2026-06-02T11:59:59.999Z').valid).toBe(true);
    expect(answer(rotated, { keyVersion: 2 }, tomorrow).valid).toBe(true);
    expect(answer(rotated, { keyVersion: null }, tomorrow).valid).toBe(true);
    expect(answer(rotated, { keyVersion: 3 }).code).toBe('KEY_ROTATED');
  });
  test('a check-in is overdue from its last moment on', () => {
    const found = { lastCheckInAt: '2026-06-01T11:59:00.001Z' };
    expect(answer(of({ checkInSeconds: 60 }), {}, noon, found).valid).toBe(true);
  });
  test('an entitlement ends at its end', () => {
    const granted = [
      issued({ entitlements: [{ code: 'sso', value: null, limit: null, until: noon, source: 'grant' }] }),
    ];
    expect(answer(granted, { entitlements: ['sso'] }, '2026-06-01T11:59:59.999Z').valid).toBe(true);
    expect(answer(granted, { entitlements: ['sso'] })).toMatchObject({ valid: false, missingEntitlements: ['sso'] });
  });
  test('a meter has room until it is full, overage included', () => {
    expect(answer(followedBy(of({}, seats), use(1)), { meters: ['builds'] }).valid).toBe(true);
    const generous = { overage: { kind: 'RATIO', percent: 150 } } as const;
    expect(answer(followedBy(of(generous, seats), use(2)), { meters: ['builds'] }).valid).toBe(true);
    expect(answer(followedBy(of(generous, seats), use(3)), { meters: ['builds'] }).code).toBe('QUOTA_EXCEEDED');
    expect(answer(followedBy(of(generous, seats), use(3)))).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
  });
  test('use within the overage is no reason to refuse, beyond it is', () => {
    const generous = policyWith({ limitStrategy: 'REJECT', overage: { kind: 'RATIO', percent: 200 } });
    const usage = (activations: number) => ({
      ...viewOfFacts(licenseAfter(issued({ policy: generous })).facts),
      facts: {
        ...licenseAfter(issued({ policy: generous })).facts,
        usage: { activations, seats: 0, users: 0, meters: {} },
      },
    });
    expect(validate(usage(4), named(), noon)).toMatchObject({ valid: true, code: 'VALID_OVERAGE' });
    expect(validate(usage(5), named(), noon)).toMatchObject({ valid: false, code: 'TOO_MANY_ACTIVATIONS' });
  });
  test('after expiry MAINTAIN covers what was released before, and nothing later', () => {
    const maintained = of({ expiryStrategy: 'MAINTAIN' });
    const released = (releasedAt: string | null) => ({ version: { number: '1', releasedAt } });
    expect(answer(maintained, released('2026-12-31T23:59:59.999Z'), graceEndsAt).valid).toBe(true);
    expect(answer(maintained, released(expiresAt), graceEndsAt).valid).toBe(false);
    expect(answer(maintained, released(null), graceEndsAt).valid).toBe(true);
    expect(answer(of({ expiryStrategy: 'ALLOW' }), released(expiresAt), graceEndsAt).valid).toBe(true);
    expect(
      answer([issued({ term: perpetual, maintenanceUntil: noon })], released('2026-06-01T11:59:59.999Z')).valid,
    ).toBe(true);
  });
  test('the environment is checked where both sides name one', () => {
    expect(answer(of({ environment: 'live' }), { environment: 'live' }).valid).toBe(true);
    expect(answer(of({ environment: 'live' })).valid).toBe(true);
    expect(answer(plain, { environment: 'test' }).valid).toBe(true);
  });
  test('a required user or lease is satisfied by a good one', () => {
    const required = followedBy(of({ userRequired: true, leaseRequired: true }, seats), assign, acquire);
    expect(answer(required, { user: 'usr_a', lease: 'm1' }).valid).toBe(true);
  });
});

describe('versions', () => {
  test.each([
    ['1.2.3', '1.2.3', 0],
    ['1.2', '1.2.0', 0],
    ['1.10', '1.9', 1],
    ['2.0', '10.0', -1],
    ['2.0.0-beta', '2.0.0', -1],
    ['2.0.0', '2.0.0-beta', 1],
    ['2.0.0-alpha', '2.0.0-beta', -1],
    ['2.0.0-beta', '2.0.0-alpha', 1],
    ['1.0+build7', '1.0+build8', 0],
    ['x', '0', 0],
  ])('%s against %s: %i', (a, b, expected) => expect(Math.sign(compareVersions(a, b))).toBe(expected));
});
