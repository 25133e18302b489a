import { describe, expect, test } from 'vitest';
import type { Stamped } from '../../../src/domain/decider.ts';
import type { LicenseCommand, LicenseRejection } from '../../../src/domain/license/commands.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { oneUse } from '../../support/one-use.ts';
import { command, device, followedBy, free, to } from './commands.ts';
import {
  activate,
  activated,
  deactivate,
  deactivatedEvent,
  expire,
  expiresAt,
  given,
  issue,
  issued,
  noon,
  on,
  oneYear,
  pro,
  reinstate,
  renew,
  revoke,
  revokedEvent,
  suspend,
  suspendedEvent,
  tomorrow,
  twoDevices,
} from './examples.ts';

type Case = readonly [history: readonly Stamped<LicenseEvent>[], commands: readonly LicenseCommand[]];

const afterIssue: readonly LicenseCommand[] = [
  activate('a'),
  deactivate('a'),
  deactivate('a', noon, 'ADMIN'),
  suspend(),
  reinstate(),
  renew(),
  revoke(),
  expire(),
];
const holderMay = (deactivation: Partial<typeof pro.deactivation>) =>
  issued({ policy: { ...pro, deactivation: { ...pro.deactivation, ...deactivation } } });

const lease = { leaseId: 'l1', holderHash: 'm1', product: null, userRef: null, borrowSeconds: null, dead: [] };
const acquire = command('AcquireLease', lease);

const checked = followedBy(
  [issued({ policy: { ...pro, componentCheck: 'ALL' } })],
  command('Activate', device('a', { components: { disk: 'd1' } })),
);

const use = (usageId: string, changes: { quantity?: number; occurredAt?: string } = {}): LicenseCommand =>
  command('RecordUsage', oneUse({ meter: 'builds', quantity: 1, occurredAt: noon, ...changes, usageId }));
const correction = (corrects: string, quantity: number): LicenseCommand =>
  command('RecordUsage', {
    meter: 'builds',
    entries: [{ usageId: 'c1', quantity, corrects, occurredAt: noon, commandId: 'command-c1' }],
  });
const metered = (policy: typeof pro = pro) =>
  followedBy([issued({ policy, limits: { ...twoDevices, meters: { builds: 9 } } })], use('u1'));
const halfAnHourLater = '2026-06-01T12:30:00.000Z';
const late: LicenseCommand = {
  type: 'RecordUsage',
  at: halfAnHourLater,
  data: {
    ...oneUse({ meter: 'builds', quantity: 1, occurredAt: '2026-06-01T11:29:59.999Z', usageId: 'u2' }),
    earlier: { uses: [], events: 0 },
  },
};

/** One entry per rejection, in the order of the union. A rejection without an entry does not compile. */
const cases: Record<LicenseRejection, Case> = {
  LICENSE_NOT_FOUND: [[], afterIssue],
  LICENSE_REVOKED: [
    [issued(), on(noon, suspendedEvent()), on(noon, revokedEvent)],
    // Revocation is checked first, so an invalid command on a revoked license is refused as revoked.
    [activate('a'), deactivate('a'), suspend(), suspend('ADMIN', noon), reinstate(), renew(), renew({ duration: 'x' })],
  ],
  LICENSE_SUSPENDED: [
    [issued(), on(noon, suspendedEvent())],
    [activate('a'), activate('a', expiresAt)],
  ],
  LICENSE_EXPIRED: [[issued()], [activate('a', expiresAt), activate('a', expiresAt, 'unknown')]],
  LICENSE_NOT_STARTED: [
    [issued({ term: { ...oneYear, startsAt: tomorrow } })],
    [activate('a'), activate('a', noon, 'unknown')],
  ],
  PRODUCT_NOT_LICENSED: [
    [issued({ limits: { ...twoDevices, activations: 0 } })],
    [activate('a', noon, 'workflow_app')],
  ],
  ACTIVATION_LIMIT_EXCEEDED: [[issued(), activated('a', 1), activated('b', 2)], [activate('c')]],
  DEVICE_ACTIVE_ELSEWHERE: [[issued({ policy: { ...pro, fingerprintUniqueness: 'ISSUER' } })], [activate('a')]],
  ACTIVATION_NOT_FOUND: [[holderMay({ allowed: false })], [deactivate('a'), deactivate('a', noon, 'ADMIN')]],
  DEACTIVATION_LIMIT: [[holderMay({ allowed: false }), activated('a', 1)], [deactivate('a')]],
  COOLDOWN_ACTIVE: [
    [
      holderMay({ cooldownSeconds: 60 }),
      activated('a', 1),
      activated('b', 2),
      on(noon, deactivatedEvent('b', 'USER', 1)),
    ],
    [deactivate('a')],
  ],
  SEAT_LIMIT_EXCEEDED: [[issued()], [acquire]],
  USER_LIMIT_EXCEEDED: [[issued()], [command('AssignUser', { userRef: 'usr_a' })]],
  USER_NOT_ASSIGNED: [
    [issued()],
    [command('Activate', device('a', { userRef: 'usr_a' })), command('AcquireLease', { ...lease, userRef: 'usr_a' })],
  ],
  ENVIRONMENT_MISMATCH: [
    [issued({ policy: { ...pro, environment: 'live' } })],
    [command('Activate', device('a', { environment: 'test', userRef: 'usr_a' }))],
  ],
  ENVIRONMENT_SCOPE_REQUIRED: [
    [issued({ policy: { ...pro, environmentRequired: true, userRequired: true } })],
    [activate('a'), acquire],
  ],
  USER_SCOPE_REQUIRED: [[issued({ policy: { ...pro, userRequired: true } })], [activate('a'), acquire]],
  COMPONENTS_REQUIRED: [checked, [command('Activate', device('a', { byKey: true }))]],
  COMPONENTS_MISMATCH: [checked, [command('Activate', device('a', { byKey: true, components: { disk: 'd2' } }))]],
  VERSION_NOT_ENTITLED: [
    [issued({ policy: { ...pro, expiryStrategy: 'MAINTAIN' } })],
    [
      command('Activate', device('a', { releasedAt: expiresAt }), expiresAt),
      command('Activate', device('a', { releasedAt: expiresAt, environment: 'test' })),
    ],
  ],
  QUOTA_EXCEEDED: [
    [issued({ limits: { ...twoDevices, meters: { builds: 0 } } })],
    [command('RecordUsage', oneUse({ meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: noon }))],
  ],
  USAGE_ID_REUSED: [metered(), [use('u1', { quantity: 2 })]],
  USAGE_TIMESTAMP_OUT_OF_RANGE: [metered(), [use('u2', { occurredAt: '2026-01-01T00:00:00.000Z' })]],
  USAGE_NOT_FOUND: [metered(), [correction('u2', -10)]],
  CORRECTION_EXCEEDS_USAGE: [metered(), [correction('u1', -2)]],
  RATE_LIMITED: [metered({ ...pro, usagePerMinute: 1 }), [use('u2')]],
  NOT_PROJECTED_YET: [metered(), [late]],
  NOT_FOUND: [
    [issued()],
    [
      command('RenewLease', { leaseId: 'l1', borrowSeconds: null }),
      command('ReleaseLease', { leaseId: 'l1', by: 'USER' }),
      command('CancelScheduled', { eventId: 'evt_1' }),
    ],
  ],
  FORBIDDEN: [
    [issued({ policy: free })],
    [command('Transfer', { toHolderOrgId: 'org_2', accepted: true, expiry: 'KEEP', activations: 'KEEP' })],
  ],
  HOLDER_CONSENT_REQUIRED: [
    [issued()],
    [command('Transfer', { toHolderOrgId: 'org_2', accepted: false, expiry: 'KEEP', activations: 'KEEP' })],
  ],
  INVALID_REQUEST: [
    followedBy([issued()], activate('a'), activate('b')),
    [
      command('SwapActivation', { release: { activationId: 'act_a' }, activate: device('b') }),
      command('ChangeExpiry', { to: tomorrow, reasonCode: '' }),
      command('ChangePolicy', { target: to(free) }),
      command('ConvertTrial', { target: to(free), term: { kind: 'perpetual' }, billingRef: null }),
      command('GrantEntitlement', { code: '', value: null, limit: null, until: null, source: 'grant' }),
      command('RecordReplacement', { by: 'lic_2' }),
    ],
  ],
  TERM_INVALID: [[issued()], [suspend('ADMIN', noon), renew({ duration: 'P0D' })]],
  TERM_NOT_LATER: [[issued()], [renew({ basis: 'FROM_NOW', duration: 'P1D' })]],
  BILLING_REF_REUSED: [
    followedBy(
      [issued()],
      command('Renew', { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode: null, billingRef: 'in_1' }),
    ),
    [command('Renew', { duration: 'P2Y', basis: 'FROM_EXPIRY', reasonCode: null, billingRef: 'in_1' })],
  ],
  ENTITLEMENT_FROM_POLICY: [
    [issued({ entitlements: [{ code: 'sso', value: null, limit: null, until: null, source: 'tier' }] })],
    [command('RevokeEntitlement', { code: 'sso', source: 'grant' })],
  ],
  LIMIT_INVALID: [[], [issue({ limits: { ...twoDevices, seats: -1 } })]],
};

describe.each(Object.entries(cases))('%s', (code, [history, commands]) => {
  test('has a command that it refuses', () => expect(commands).not.toEqual([]));
  test.each(commands)('refuses $type with $data', (command) => {
    given(...history)
      .when(command)
      .thenRejected(code as LicenseRejection);
  });
});
