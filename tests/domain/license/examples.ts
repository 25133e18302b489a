import { type At, fold, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { CommandOf, LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { Ends } from '../../../src/domain/license/endings/ending-events.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import type { TermRequest } from '../../../src/domain/license/issue/issue-commands.ts';
import type { IssuedTerm } from '../../../src/domain/license/issue/issue-events.ts';
import type { IssuedLicense } from '../../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import type { Limits } from '../../../src/domain/license/usage/usage-limits.ts';
import { scenarios } from '../../support/scenario.ts';

// The example license: PRO, issued on 1 January 2026 for a year, two devices. Commands come at noon of 1 June by
// default.

export type Event<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>;

export const given = scenarios(licenseDecider);

export const issuedAt = '2026-01-01T00:00:00.000Z';
export const expiresAt = '2027-01-01T00:00:00.000Z';
export const justBeforeExpiry = '2026-12-31T23:59:59.999Z';
export const noon = '2026-06-01T12:00:00.000Z';
export const tomorrow = '2026-06-02T12:00:00.000Z';

export const pro: PinnedPolicy = builtInPolicy('PRO', 'pol_1');
export const withGrace: PinnedPolicy = { ...pro, expiryGraceSeconds: 86_400 };
export const graceEndsAt = '2027-01-02T00:00:00.000Z';
export const twoDevices: Limits = { activations: 2, seats: 0, users: 0, meters: {} };
export const oneYear: IssuedTerm = { basis: 'ISSUE', duration: 'P1Y', startsAt: issuedAt, expiresAt, timeZone: 'UTC' };
export const perpetual: IssuedTerm = {
  basis: 'PERPETUAL',
  duration: null,
  startsAt: issuedAt,
  expiresAt: null,
  timeZone: 'UTC',
};

export const on = (recordedAt: string, event: LicenseEvent): Stamped<LicenseEvent> => stamp(event, recordedAt);
export const at = (instant: string): At => ({ recordedAt: instant, effectiveAt: instant });

export const issuedEvent = (overrides: Partial<Event<'LicenseIssued'>['data']> = {}): Event<'LicenseIssued'> => ({
  type: 'LicenseIssued',
  data: {
    licenseId: 'lic_1',
    issuerOrgId: 'org_1',
    holderOrgId: null,
    ownerUserRef: null,
    policy: pro,
    products: ['local_cli', 'cloud_ide'],
    term: oneYear,
    limits: twoDevices,
    entitlements: [],
    externalRef: null,
    ...overrides,
  },
});
export const issued = (overrides: Partial<Event<'LicenseIssued'>['data']> = {}) => on(issuedAt, issuedEvent(overrides));

export const keyIssuedEvent: LicenseEvent = {
  type: 'LicenseKeyIssued',
  data: { keyVersion: 1, keyHash: 'ab12', secretId: 's1', hint: 'SYQV9' },
};

export const activatedEvent = (device: string, countAfter: number, limit = 2): Event<'ActivationRecorded'> => ({
  type: 'ActivationRecorded',
  data: {
    activationId: `act_${device}`,
    fingerprintHash: `hash-${device}`,
    product: 'local_cli',
    nameRef: null,
    platform: 'linux',
    appVersion: '2.1.0',
    countAfter,
    limit,
    overage: false,
  },
});
export const activated = (device: string, countAfter: number) => on(issuedAt, activatedEvent(device, countAfter));

export const deactivatedEvent = (
  device: string,
  cause: Event<'ActivationDeactivated'>['data']['cause'],
  countAfter: number,
): LicenseEvent => ({ type: 'ActivationDeactivated', data: { activationId: `act_${device}`, cause, countAfter } });

type Ground = Event<'LicenseSuspended'>['data'];
export const suspendedEvent = (
  reasonCode: Ground['reasonCode'] = 'ADMIN',
  until: string | null = null,
): LicenseEvent => ({
  type: 'LicenseSuspended',
  data: { reasonCode, until },
});
export const groundAddedEvent = (reasonCode: Ground['reasonCode'], until: string | null = null): LicenseEvent => ({
  type: 'SuspensionReasonAdded',
  data: { reasonCode, until },
});
export const renewedEvent = (data: Partial<Event<'LicenseRenewed'>['data']> = {}): LicenseEvent => ({
  type: 'LicenseRenewed',
  data: {
    termNumber: 2,
    previousExpiresAt: expiresAt,
    startsAt: expiresAt,
    expiresAt: '2028-01-01T00:00:00.000Z',
    basis: 'FROM_EXPIRY',
    gapSeconds: 0,
    ...data,
  },
});
export const expiredEvent = (graceUntil: string | null = null): LicenseEvent => ({
  type: 'LicenseExpired',
  data: { termNumber: 1, expiresAt, graceUntil },
  effectiveAt: expiresAt,
});
/** Returns the end of a suspension that had an end. */
export const reinstatedEvent = (since: string, until: string): LicenseEvent => ({
  type: 'LicenseReinstated',
  data: { suspendedSince: since, suspendedForSeconds: (Date.parse(until) - Date.parse(since)) / 1_000 },
  effectiveAt: until,
});
export const revokedEvent: LicenseEvent = { type: 'LicenseRevoked', data: { reasonCode: 'CHARGEBACK' } };

/** Returns the `ends` of a decisive event, without leases and users by default. */
export const ends = (
  which: Ends['which'],
  activations: number,
  others: Partial<Ends> = {},
): { readonly ends: Ends } => ({
  ends: {
    which,
    activations,
    leases: 0,
    users: 0,
    usageAfter: { activations: 0, seats: 0, users: 0 },
    ...others,
  },
});

export const issue = (
  overrides: Partial<CommandOf<'IssueLicense'>['data']> = {},
  instant: string = issuedAt,
): LicenseCommand => ({
  type: 'IssueLicense',
  at: instant,
  data: {
    licenseId: 'lic_1',
    issuerOrgId: 'org_1',
    holderOrgId: null,
    policy: pro,
    products: ['local_cli', 'cloud_ide'],
    term: { kind: 'duration', duration: 'P1Y', startsAt: null },
    limits: twoDevices,
    entitlements: [],
    externalRef: null,
    key: { keyHash: 'ab12', secretId: 's1', hint: 'SYQV9' },
    ...overrides,
  },
});
export const issueFor = (term: TermRequest): LicenseCommand => issue({ term });
export const activate = (
  device: string,
  instant: string = noon,
  product: string | null = 'local_cli',
): LicenseCommand => ({
  type: 'Activate',
  at: instant,
  data: {
    activationId: `act_${device}`,
    fingerprintHash: `hash-${device}`,
    product,
    nameRef: null,
    platform: 'linux',
    appVersion: '2.1.0',
  },
});
export const deactivate = (device: string, instant: string = noon, by: 'USER' | 'ADMIN' = 'USER'): LicenseCommand => ({
  type: 'Deactivate',
  at: instant,
  data: { device: { fingerprintHash: `hash-${device}` }, by },
});
export const deactivateById = (device: string, by: 'USER' | 'ADMIN' = 'USER'): LicenseCommand => ({
  type: 'Deactivate',
  at: noon,
  data: { device: { activationId: `act_${device}` }, by },
});
export const suspend = (
  reasonCode: Ground['reasonCode'] = 'ADMIN',
  until: string | null = null,
  instant: string = noon,
): LicenseCommand => ({ type: 'Suspend', at: instant, data: { reasonCode, until } });
export const reinstate = (instant: string = noon): LicenseCommand => ({ type: 'Reinstate', at: instant, data: {} });
export const renew = (
  data: Partial<{ duration: string; basis: Event<'LicenseRenewed'>['data']['basis']; reasonCode: string | null }> = {},
  instant: string = noon,
): LicenseCommand => {
  const { duration = 'P1Y', basis = 'FROM_EXPIRY', reasonCode = null } = data;
  return basis === 'FIXED'
    ? { type: 'Renew', at: instant, data: { expiresAt: duration, reasonCode } }
    : { type: 'Renew', at: instant, data: { duration, basis, reasonCode } };
};
export const renewTo = (end: string, instant: string = noon): LicenseCommand =>
  renew({ duration: end, basis: 'FIXED' }, instant);
export const revoke = (instant: string = noon): LicenseCommand => ({
  type: 'Revoke',
  at: instant,
  data: { reasonCode: 'CHARGEBACK' },
});
export const expire = (instant: string = expiresAt, termNumber = 1): LicenseCommand => ({
  type: 'Expire',
  at: instant,
  data: { termNumber },
});

/** Returns the folded license. The history must begin with its issue. */
export const licenseAfter = (...history: readonly Stamped<LicenseEvent>[]): IssuedLicense => {
  const license = fold(licenseDecider, history);
  if (license.kind === 'unissued') throw new Error('The history issues no license.');
  return license;
};
