import type { ValidationCode } from '../../../../src/domain/license/validation/validation-codes.ts';
import {
  type ValidationScope,
  type ValidationView,
  validationView,
} from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { oneUse } from '../../../support/one-use.ts';
import { command, device, event, followedBy, policyWith } from '../commands.ts';
import {
  activate,
  activated,
  expiresAt,
  issued,
  issuedAt,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  oneYear,
  type pro,
  revokedEvent,
  suspendedEvent,
  tomorrow,
  twoDevices,
  withGrace,
} from '../examples.ts';

export type History = Parameters<typeof followedBy>[0];

export const named = (scope: Partial<ValidationScope> = {}): ValidationScope => ({
  product: null,
  fingerprint: null,
  ...scope,
});
export const viewed = (
  history: History,
  scope: ValidationScope,
  stored: Partial<ValidationView> = {},
): ValidationView => ({
  ...validationView(licenseAfter(...history), scope),
  ...stored,
});
export const answer = (
  history: History,
  scope: Partial<ValidationScope> = {},
  at: string = noon,
  stored: Partial<ValidationView> = {},
) => validate(viewed(history, named(scope), stored), named(scope), at);

export const plain = [issued(), on(issuedAt, keyIssuedEvent)];
export const of = (policy: Partial<typeof pro>, limits = twoDevices) => [
  issued({ policy: policyWith(policy), limits }),
];
export const rotated = followedBy(
  plain,
  command('RotateKey', { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds: 86_400, cause: 'ROUTINE' }),
);
const checked = followedBy(
  [issued({ policy: policyWith({ componentCheck: 'ALL' }) })],
  command('Activate', device('a', { components: { disk: 'd1' } })),
);
export const seats = { ...twoDevices, seats: 1, users: 1, meters: { builds: 2 } };
export const acquire = command('AcquireLease', {
  leaseId: 'l1',
  holderHash: 'm1',
  product: null,
  userRef: null,
  borrowSeconds: null,
  dead: [],
});
export const assign = command('AssignUser', { userRef: 'usr_a' });
export const use = (quantity: number) =>
  command('RecordUsage', oneUse({ meter: 'builds', quantity, usageId: 'u1', occurredAt: noon }));
export const strict = policyWith({ limitStrategy: 'REJECT' });
/** Returns a history with usage above its limits under REJECT, as after an import. */
export const lowered = (history: History) => [
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

export type Row = readonly [
  code: ValidationCode,
  valid: boolean,
  history: History,
  scope?: Partial<ValidationScope>,
  at?: string,
  stored?: Partial<ValidationView>,
];

/** Every code but NOT_FOUND, in their order: whether the license is valid, and a history with this code. */
export const table: readonly Row[] = [
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
  ['ENVIRONMENT_SCOPE_REQUIRED', false, of({ environmentRequired: true })],
  ['ENVIRONMENT_MISMATCH', false, of({ environment: 'live' }), { environment: 'test' }],
  ['PRODUCT_SCOPE_REQUIRED', false, of({ productRequired: true })],
  ['PRODUCT_NOT_LICENSED', false, plain, { product: 'workflow_app' }],
  ['VERSION_SCOPE_REQUIRED', false, of({ versionRequired: true })],
  ['VERSION_SCOPE_REQUIRED', false, of({ releasedAtRequired: true })],
  ['VERSION_SCOPE_REQUIRED', false, of({ releasedAtRequired: true }), { version: { number: '1', releasedAt: null } }],
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
  ['COMPONENTS_REQUIRED', false, checked, { fingerprint: 'hash-a' }],
  ['COMPONENTS_MISMATCH', false, checked, { fingerprint: 'hash-a', components: { disk: 'd2' } }],
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
