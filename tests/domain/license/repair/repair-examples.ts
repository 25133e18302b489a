import type { LicenseCommand } from '../../../../src/domain/license/commands.ts';
import type { IssuedLicense } from '../../../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../../../src/domain/license/policy.ts';
import { planRepairs } from '../../../../src/domain/license/repair/plan-repairs.ts';
import type { RepairPlan, RepairStep } from '../../../../src/domain/license/repair/repair-step.ts';
import type { Situation } from '../../../../src/domain/license/repair/situation.ts';
import type { ValidationCode } from '../../../../src/domain/license/validation/validation-codes.ts';
import type { ValidationScope } from '../../../../src/domain/license/validation/validation-view.ts';
import { command, followedBy, policyWith } from '../commands.ts';
import { type Event, issued, licenseAfter, noon, twoDevices } from '../examples.ts';

// Plans for the example license, mostly at noon of 1 June.

/** Returns the example license with other fields, after these commands. */
export const licenseWith = (
  {
    policy = {},
    ...data
  }: Partial<Omit<Event<'LicenseIssued'>['data'], 'policy'>> & {
    readonly policy?: Partial<PinnedPolicy>;
  },
  ...commands: readonly LicenseCommand[]
): IssuedLicense => {
  const limits = { ...twoDevices, users: 2, seats: 2 };
  return licenseAfter(...followedBy([issued({ limits, ...data, policy: policyWith(policy) })], ...commands));
};

/** Returns the situation of a request at noon. */
export const situationOf = (
  license: IssuedLicense,
  scope: Partial<ValidationScope> = {},
  others: Partial<Situation> = {},
): Situation => ({
  license,
  scope: { product: null, fingerprint: null, ...scope },
  at: noon,
  tenantSuspended: false,
  lastCheckInAt: null,
  heartbeat: null,
  dead: [],
  isProductSold: false,
  release: null,
  ...others,
});

/** Returns the plan for a request at noon. */
export const planOf = (...situation: Parameters<typeof situationOf>): RepairPlan =>
  planRepairs(situationOf(...situation));

/** Returns a plan of these steps, each with its code and what else would do. */
export const steps = (
  ...repairs: readonly (readonly [ValidationCode, RepairStep, ...(readonly RepairStep[])])[]
): RepairPlan => ({
  repairs: repairs.map(([code, step, ...alternatives]) => ({ code, step, alternatives })),
  unrepairable: null,
});

/** Returns the plan that says that no step removes the code. */
export const noStepFor = (unrepairable: ValidationCode): RepairPlan => ({ repairs: [], unrepairable });

/** Returns the step that sends something. */
export const send = (sent: Extract<RepairStep, { action: 'SEND' }>['send']): RepairStep => ({
  action: 'SEND',
  send: sent,
  omit: [],
});

export const assign = (userRef: string): LicenseCommand => command('AssignUser', { userRef });

/** Returns the command that takes a seat. */
export const seat = (holder: string, overrides: object = {}): LicenseCommand =>
  command('AcquireLease', {
    leaseId: `lea_${holder}`,
    holderHash: `holder-${holder}`,
    product: 'local_cli',
    userRef: null,
    borrowSeconds: null,
    dead: [],
    ...overrides,
  });

/** Returns the command that activates a device with these details. */
export const activateWith = (device: string, details: object): LicenseCommand =>
  command('Activate', {
    activationId: `act_${device}`,
    fingerprintHash: `hash-${device}`,
    product: 'local_cli',
    nameRef: null,
    platform: null,
    appVersion: null,
    ...details,
  });
