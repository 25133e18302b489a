import { describe, expect, test } from 'vitest';
import { isApplication, type LicenseActing } from '../../src/domain/license/license-authority.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { command, device, event, followedBy, policyWith, typesOf } from '../domain/license/commands.ts';
import {
  activatedEvent,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  suspendedEvent,
  tomorrow,
} from '../domain/license/examples.ts';
import { oneUse } from '../support/one-use.ts';

type Trigger = 'FIRST_ACTIVATION' | 'FIRST_VALIDATION';

const policy = policyWith({
  lease: { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 40 * 86_400 },
});
const waiting = (basis: Trigger, overrides: object = {}) =>
  issued({
    policy,
    term: { basis, duration: 'P1M', startsAt: null, expiresAt: null, timeZone: 'UTC' },
    limits: { activations: 1, seats: 1, users: 0, meters: { builds: 10 } },
    ...overrides,
  });
const seat = { leaseId: 'l1', holderHash: 'h1', product: null, userRef: null, borrowSeconds: null, dead: [] };
const usage = { meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: noon };
const uses = {
  activation: command('Activate', device('a')),
  seat: command('AcquireLease', seat),
  usage: command('RecordUsage', oneUse(usage)),
  validation: command('StartTerm', { trigger: 'FIRST_VALIDATION' }),
};
const started = (trigger: Trigger) =>
  event('LicenseTermStarted', { termNumber: 1, startsAt: noon, expiresAt: '2026-07-01T12:00:00.000Z', trigger });

describe('A license that waits for its first use', () => {
  test.each<[Trigger, keyof typeof uses, string]>([
    ['FIRST_VALIDATION', 'validation', 'LicenseTermStarted'],
    ['FIRST_VALIDATION', 'activation', 'LicenseTermStarted ActivationRecorded'],
    ['FIRST_VALIDATION', 'seat', 'LicenseTermStarted LeaseAcquired'],
    ['FIRST_VALIDATION', 'usage', 'LicenseTermStarted UsageBatchRecorded'],
    ['FIRST_ACTIVATION', 'activation', 'LicenseTermStarted ActivationRecorded'],
    ['FIRST_ACTIVATION', 'seat', 'LicenseTermStarted LeaseAcquired'],
  ])('(%s) begins its term with the first %s', (trigger, use, events) => {
    const history = followedBy([waiting(trigger)], uses[use]);
    expect(typesOf(history).slice(1).join(' ')).toBe(events);
    expect(history[1]?.event).toEqual(started(trigger));
  });

  test('for a device begins with no usage and no validation', () => {
    given(waiting('FIRST_ACTIVATION')).when(uses.usage).thenRejected('LICENSE_NOT_STARTED');
    given(waiting('FIRST_ACTIVATION')).when(uses.validation).thenRejected('TERM_INVALID');
  });

  test.each<[string, object, keyof typeof uses, string]>([
    [
      'a device above the limit',
      { limits: { activations: 0, seats: 0, users: 0, meters: {} } },
      'activation',
      'ACTIVATION_LIMIT_EXCEEDED',
    ],
    [
      'a seat above the limit',
      { limits: { activations: 0, seats: 0, users: 0, meters: {} } },
      'seat',
      'SEAT_LIMIT_EXCEEDED',
    ],
    [
      'a usage above the quota',
      { limits: { activations: 0, seats: 0, users: 0, meters: { builds: 0 } } },
      'usage',
      'QUOTA_EXCEEDED',
    ],
    ['another product', { products: ['cloud_ide'] }, 'activation', 'PRODUCT_NOT_LICENSED'],
  ])('does not begin its term with a refused use: %s', (_, overrides, use, code) => {
    given(waiting('FIRST_VALIDATION', overrides))
      .when(uses[use])
      .thenRejected(code as 'QUOTA_EXCEEDED');
  });

  test('does not begin its term while it is suspended', () => {
    given(waiting('FIRST_VALIDATION'), on(noon, suspendedEvent())).when(uses.seat).thenRejected('LICENSE_SUSPENDED');
  });

  test('begins its term once, whatever comes next', () => {
    const history = followedBy([waiting('FIRST_VALIDATION')], uses.seat, uses.activation, uses.usage, uses.validation);
    expect(typesOf(history).filter((type) => type === 'LicenseTermStarted')).toHaveLength(1);
  });

  test('lends a seat at most until the term that the seat begins ends', () => {
    const borrow = command('AcquireLease', { ...seat, borrowSeconds: 40 * 86_400 });
    const [, , lease] = followedBy([waiting('FIRST_ACTIVATION')], borrow);
    expect(lease?.event.data).toMatchObject({ expiresAt: '2026-07-01T12:00:00.000Z' });
  });

  test.each<[Trigger, string, string | null, object, string, string]>([
    ['FIRST_ACTIVATION', 'without a device', null, {}, 'NOT_ACTIVATED', 'NOT_YET_VALID'],
    ['FIRST_ACTIVATION', 'with its device', 'hash-a', {}, 'NOT_ACTIVATED', 'NOT_YET_VALID'],
    [
      'FIRST_ACTIVATION',
      'without the device that the policy requires',
      null,
      { fingerprintRequired: true },
      'FINGERPRINT_REQUIRED',
      'NOT_YET_VALID',
    ],
    ['FIRST_VALIDATION', 'without a device', null, {}, 'NOT_YET_VALID', 'NOT_YET_VALID'],
  ])(
    '(%s) validates %s so that the client knows what to do',
    (trigger, _, fingerprint, rules, code, effectiveStatus) => {
      const license = licenseAfter(waiting(trigger, { policy: policyWith(rules) }));
      const scope = { product: null, fingerprint };
      expect(validate(validationView(license, scope), scope, noon)).toMatchObject({
        valid: false,
        code,
        effectiveStatus,
      });
    },
  );

  test('is valid on its device after the activation that the code asks for', () => {
    const history = followedBy([waiting('FIRST_ACTIVATION')], uses.activation);
    expect(history.map(({ event: recorded }) => recorded).slice(1)).toEqual([
      started('FIRST_ACTIVATION'),
      activatedEvent('a', 1, 1),
    ]);
    const scope = { product: null, fingerprint: 'hash-a' };
    expect(validate(validationView(licenseAfter(...history), scope), scope, tomorrow).code).toBe('VALID');
  });
});

describe('A validation that begins a term and checks in', () => {
  const organization = (credential: Extract<LicenseActing, { kind: 'organization' }>['credential']): LicenseActing => ({
    kind: 'organization',
    organizationId: 'org_1',
    credential,
  });
  test.each<[string, LicenseActing, boolean]>([
    ['the license key', { kind: 'keyHolder', keyVersion: 1 }, true],
    ['an API key for activations', organization({ kind: 'apiKey', scopes: ['licenses:activate'] }), true],
    [
      'an API key for other tasks',
      organization({ kind: 'apiKey', scopes: ['licenses:read', 'licenses:write'] }),
      false,
    ],
    ['an owner who signed in', organization({ kind: 'user', role: 'OWNER' }), false],
    ['an administrator who signed in', organization({ kind: 'user', role: 'ADMIN' }), false],
    ['the worker', { kind: 'system' }, false],
  ])('comes from the application, not from a vendor who looks: %s', (_, by, counts) => {
    expect(isApplication(by)).toBe(counts);
  });
});
