import type { CommandOf, LicenseCommand } from '../../../src/domain/license/commands.ts';
import { oneUse } from '../../support/one-use.ts';
import { device, free, policyWith, to } from './commands.ts';
import { issue, noon, tomorrow, twoDevices } from './examples.ts';

/** A seat to acquire. */
export const lease = { leaseId: 'l1', holderHash: 'm1', product: null, userRef: null, borrowSeconds: null, dead: [] };

const seats = { ...twoDevices, seats: 1, users: 1, meters: { builds: 1 } };

/** Every command, to test a rule on all of them. A new command without an entry does not compile. */
export const everyCommand: { readonly [Type in LicenseCommand['type']]: CommandOf<Type>['data'] } = {
  IssueLicense: (issue() as CommandOf<'IssueLicense'>).data,
  ImportLicense: { ...(issue() as CommandOf<'IssueLicense'>).data, source: 's', sourceRef: 'r', historyFrom: noon },
  Activate: device('a'),
  Deactivate: { device: { fingerprintHash: 'hash-a' }, by: 'USER' },
  SwapActivation: { release: { fingerprintHash: 'hash-a' }, activate: device('b') },
  AcquireLease: lease,
  RenewLease: { leaseId: 'l1', borrowSeconds: null },
  ReleaseLease: { leaseId: 'l1', by: 'USER' },
  ChangeDevice: { activationId: 'a1', userRef: null },
  ReleaseUnseen: { devices: [{ activationId: 'a1', lastSeenAt: noon }] },
  ReleaseExpired: { activationId: 'a1' },
  LapseLease: { leaseId: 'l1', lastSeenAt: noon },
  RecordUsage: oneUse({ meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: noon }),
  ResetUsage: { meter: 'builds' },
  AssignUser: { userRef: 'usr_a' },
  UnassignUser: { userRef: 'usr_a', cause: 'ADMIN' },
  Suspend: { reasonCode: 'ADMIN', until: null },
  Reinstate: {},
  EndSuspension: { until: noon },
  Renew: { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode: null },
  StartTerm: { trigger: 'FIRST_VALIDATION' },
  ChangeExpiry: { to: tomorrow, reasonCode: 'GOODWILL' },
  ChangeMaintenance: { to: tomorrow, reasonCode: 'GOODWILL' },
  SetRenewal: { to: 'auto' },
  CancelScheduled: { eventId: 'evt_1' },
  CarryOutScheduled: { eventId: 'evt_1' },
  ChangeTier: { target: to(free) },
  ChangePolicy: { target: to(policyWith({ version: 2 })) },
  ConvertTrial: { target: to(free), term: { kind: 'perpetual' }, billingRef: null },
  EndTrial: { termNumber: 1 },
  ChangeLimits: { limits: seats },
  GrantEntitlement: { code: 'sso', value: null, limit: null, until: null, source: 'grant' },
  RevokeEntitlement: { code: 'sso', source: 'grant' },
  EndEntitlements: { until: noon },
  AddProduct: { product: 'workflow_app' },
  RemoveProduct: { product: 'local_cli' },
  RotateKey: { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds: 0, cause: 'LOST' },
  RetireKey: { keyVersion: 1 },
  EndKeyOverlap: {},
  Transfer: { toHolderOrgId: 'org_2', accepted: true, expiry: 'KEEP', activations: 'KEEP' },
  OfferLicense: { toHolderOrgId: 'org_2', expiry: 'KEEP', activations: 'KEEP' },
  AcceptOffer: { holderOrgId: 'org_2' },
  DeclineOffer: { holderOrgId: 'org_2' },
  RecordReplacement: { by: 'lic_2' },
  Revoke: { reasonCode: 'FRAUD' },
  ChangeReference: { to: 'sub_456' },
  Expire: { termNumber: 1 },
  AnnounceEnded: {},
  EndGrace: { termNumber: 1 },
  Remind: { termNumber: 1, offset: 'P30D' },
};
/** Every command, at noon. */
export const allCommands = Object.entries(everyCommand).map(
  ([type, data]) => ({ type, data, at: noon }) as LicenseCommand,
);
