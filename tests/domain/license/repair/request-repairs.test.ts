import { describe, expect, test } from 'vitest';
import type { FittingVersion, RepairStep } from '../../../../src/domain/license/repair/repair-step.ts';
import { command } from '../commands.ts';
import { issuedAt, noon, tomorrow } from '../examples.ts';
import { activateWith, assign, licenseWith, noStepFor, planOf, seat, send, steps } from './repair-examples.ts';

describe('The product of a request', () => {
  const licensed = send({ product: ['local_cli', 'cloud_ide'] });

  test('A request without a required product names one that the license covers', () => {
    expect(planOf(licenseWith({ policy: { productRequired: true } }))).toEqual(
      steps(['PRODUCT_SCOPE_REQUIRED', licensed]),
    );
  });

  test('A product that the issuer sells is added, or the request names another one', () => {
    const scope = { product: 'workflow_app' };
    expect(planOf(licenseWith({}), scope, { isProductSold: true })).toEqual(
      steps(['PRODUCT_NOT_LICENSED', { action: 'ADD_PRODUCT', product: 'workflow_app' }, licensed]),
    );
    expect(planOf(licenseWith({}), scope)).toEqual(steps(['PRODUCT_NOT_LICENSED', licensed]));
  });

  test('No step repairs a request for a product when the license covers none and the issuer sells none', () => {
    expect(planOf(licenseWith({ products: [] }), { product: 'workflow_app' })).toEqual(
      noStepFor('PRODUCT_NOT_LICENSED'),
    );
    const required = licenseWith({ products: [], policy: { productRequired: true } });
    expect(planOf(required)).toEqual(noStepFor('PRODUCT_SCOPE_REQUIRED'));
  });
});

describe('The version of a request', () => {
  const anyVersion = { from: null, below: null, releasedBefore: null, number: null, releasedAt: null };
  const sendVersion = (bounds: Partial<FittingVersion>) => send({ version: { ...anyVersion, ...bounds } });
  const extend = (until: string): RepairStep => ({ action: 'EXTEND_MAINTENANCE', to: until });
  const maintainedUntilNoon = command('ChangeMaintenance', { to: noon, reasonCode: 'SOLD' });
  const late = { version: { number: '2.1.0', releasedAt: tomorrow } };

  test('A request without a required version sends one within the bounds of the policy', () => {
    const versionOf = (policy: object) => planOf(licenseWith({ policy }));
    expect(versionOf({ versionRequired: true })).toEqual(steps(['VERSION_SCOPE_REQUIRED', sendVersion({})]));
    expect(versionOf({ releasedAtRequired: true })).toEqual(steps(['VERSION_SCOPE_REQUIRED', sendVersion({})]));
    const bounds = { from: '1.0.0', below: '2.0.0' };
    expect(versionOf({ versionRequired: true, versions: bounds })).toEqual(
      steps(['VERSION_SCOPE_REQUIRED', sendVersion(bounds)]),
    );
  });

  test('The newest release of the catalog that the license covers is sent', () => {
    const release = { number: '1.9.0', releasedAt: issuedAt };
    expect(planOf(licenseWith({ policy: { versionRequired: true } }), {}, { release })).toEqual(
      steps(['VERSION_SCOPE_REQUIRED', sendVersion({ number: '1.9.0', releasedAt: issuedAt })]),
    );
  });

  test('A version outside the bounds of the policy is replaced, because no maintenance covers it', () => {
    const bounded = licenseWith({ policy: { versions: { from: null, below: '2.0.0' } } });
    expect(planOf(bounded, late)).toEqual(steps(['VERSION_NOT_ENTITLED', sendVersion({ below: '2.0.0' })]));
  });

  test('No step repairs a request when the policy allows no version', () => {
    const versions = { from: '2.0.0', below: '2.0.0' };
    expect(planOf(licenseWith({ policy: { versions } }), { version: { number: '2.0.0', releasedAt: null } })).toEqual(
      noStepFor('VERSION_NOT_ENTITLED'),
    );
  });

  test('A version from after the maintenance is replaced by an earlier one, or the maintenance is extended', () => {
    const license = licenseWith({}, maintainedUntilNoon);
    expect(planOf(license, late)).toEqual(
      steps(['VERSION_NOT_ENTITLED', sendVersion({ releasedBefore: noon }), extend('2026-06-02T12:00:01.000Z')]),
    );
    const release = { number: '2.0.0', releasedAt: issuedAt };
    expect(planOf(license, late, { release })).toEqual(
      steps([
        'VERSION_NOT_ENTITLED',
        sendVersion({ releasedBefore: noon, number: '2.0.0', releasedAt: issuedAt }),
        extend('2026-06-02T12:00:01.000Z'),
      ]),
    );
  });

  test('A release of the catalog that the license does not cover is not sent', () => {
    const release = { number: '2.2.0', releasedAt: tomorrow };
    expect(planOf(licenseWith({}, maintainedUntilNoon), late, { release })).toEqual(
      steps(['VERSION_NOT_ENTITLED', extend('2026-06-02T12:00:01.000Z')]),
    );
  });
});

describe('Entitlements and meters of a request', () => {
  const grant = (entitlement: string): RepairStep => ({ action: 'GRANT_ENTITLEMENT', entitlement });
  const allow = (meters: Readonly<Record<string, number>>): RepairStep => ({
    action: 'CHANGE_LIMITS',
    limits: { meters },
  });
  const limits = { activations: 2, seats: 0, users: 0, meters: { builds: 3, exports: 7 } };
  const threeBuilds = command('RecordUsage', {
    meter: 'builds',
    entries: [{ usageId: 'use-1', commandId: 'cmd-1', quantity: 3, occurredAt: noon }],
  });

  test('Each missing entitlement is granted by a step of its own', () => {
    expect(planOf(licenseWith({}), { entitlements: ['sso', 'export'] })).toEqual(
      steps(['ENTITLEMENT_MISSING', grant('sso')], ['ENTITLEMENT_MISSING', grant('export')]),
    );
  });

  test('The limit of a used up meter is raised by one above its use', () => {
    expect(planOf(licenseWith({ limits }, threeBuilds), { meters: ['exports', 'builds'] })).toEqual(
      steps(['QUOTA_EXCEEDED', allow({ builds: 4 })]),
    );
  });

  test('Meters without a limit get one, and the limits of other meters stay', () => {
    expect(planOf(licenseWith({ limits }, threeBuilds), { meters: ['builds', 'pages', 'exports'] })).toEqual(
      steps(['QUOTA_EXCEEDED', allow({ builds: 4 })], ['QUOTA_EXCEEDED', allow({ pages: 1 })]),
    );
  });

  test('A meter that resets each month may also wait for the end of the month', () => {
    const meterRules = { builds: { resets: 'P1M' }, exports: { resets: 'NEVER' } } as const;
    const license = licenseWith({ policy: { meterRules }, limits }, threeBuilds);
    expect(planOf(license, { meters: ['builds'] })).toEqual(
      steps(['QUOTA_EXCEEDED', allow({ builds: 4 }), { action: 'WAIT', until: '2026-07-01T00:00:00.000Z' }]),
    );
    const noExports = licenseWith({ policy: { meterRules }, limits: { ...limits, meters: {} } });
    expect(planOf(noExports, { meters: ['exports'] })).toEqual(steps(['QUOTA_EXCEEDED', allow({ exports: 1 })]));
  });

  test('A request for 100 missing entitlements and 50 meters without quota gets a step for each', () => {
    const entitlements = Array.from({ length: 100 }, (_, index) => `feature_${index}`);
    const meters = Array.from({ length: 50 }, (_, index) => `meter_${index}`);
    const { repairs, unrepairable } = planOf(licenseWith({}), { entitlements, meters });
    expect([repairs.length, unrepairable]).toEqual([150, null]);
  });

  test('A plan has at most 201 steps', () => {
    const codes = (length: number) => Array.from({ length }, (_, index) => `feature_${index}`);
    expect(planOf(licenseWith({}), { entitlements: codes(201) }).repairs.length).toBe(201);
    expect(planOf(licenseWith({}), { entitlements: codes(202) })).toEqual(noStepFor('ENTITLEMENT_MISSING'));
  });
});

describe('The user of a request', () => {
  const required = { policy: { userRequired: true } };
  const ofBob = { userRef: 'ref_bob' };
  const license = licenseWith(
    required,
    assign('ref_ada'),
    assign('ref_bob'),
    activateWith('a', ofBob),
    seat('a', ofBob),
  );

  test.each([
    ['the user of its device', { fingerprint: 'hash-a' }, 'ref_bob'],
    ['the user of its seat', { lease: 'holder-a' }, 'ref_bob'],
    ['an assigned user', {}, 'ref_ada'],
  ])('A request without a required user names %s', (_, scope, user) => {
    expect(planOf(license, scope)).toEqual(steps(['USER_SCOPE_REQUIRED', send({ user })]));
  });

  test('Components without a fingerprint name no device, so the request names an assigned user', () => {
    const matching = { policy: { userRequired: true, fingerprintMatching: 'ANY' } } as const;
    const disk = { components: { disk: 'd1' } };
    const bobs = activateWith('a', { ...ofBob, ...disk });
    expect(planOf(licenseWith(matching, assign('ref_ada'), assign('ref_bob'), bobs), disk)).toEqual(
      steps(['USER_SCOPE_REQUIRED', send({ user: 'ref_ada' })]),
    );
  });

  test('A user of a license without users is named and assigned', () => {
    expect(planOf(licenseWith(required))).toEqual(
      steps(['USER_SCOPE_REQUIRED', send({ user: null })], ['USER_NOT_ASSIGNED', { action: 'ASSIGN_USER' }]),
    );
  });

  test('A user who is not assigned is assigned, and gets the device and the seat of another user', () => {
    const bobs = licenseWith({}, assign('ref_bob'), activateWith('a', ofBob), seat('a', ofBob));
    expect(planOf(bobs, { user: 'ref_ada', fingerprint: 'hash-a', lease: 'holder-a' })).toEqual(
      steps(
        ['USER_NOT_ASSIGNED', { action: 'ASSIGN_USER' }],
        ['USER_NOT_ASSIGNED', { action: 'ACTIVATE' }],
        ['USER_NOT_ASSIGNED', { action: 'TAKE_SEAT' }],
      ),
    );
  });
});
