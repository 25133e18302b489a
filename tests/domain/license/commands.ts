import { isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { CommandOf, LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { Device } from '../../../src/domain/license/devices/device-commands.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import type { Target } from '../../../src/domain/license/tiers/tier-events.ts';
import { eventIdsAfter } from '../../support/event-ids.ts';
import { type Event, noon, pro } from './examples.ts';

/** Returns a command, at noon by default. */
export const command = <Type extends LicenseCommand['type']>(
  type: Type,
  data: CommandOf<Type>['data'],
  at: string = noon,
): LicenseCommand => ({ type, data, at }) as LicenseCommand;

/** Returns an event. `effectiveAt`: when it differs from the instant of its recording. */
export const event = <Type extends LicenseEvent['type']>(
  type: Type,
  data: Event<Type>['data'],
  effectiveAt?: string,
): LicenseEvent => ({ type, data, ...(effectiveAt === undefined ? {} : { effectiveAt }) }) as LicenseEvent;

/** Returns the history with the events of these commands. A refused command fails the test. */
export const followedBy = (
  history: readonly Stamped<LicenseEvent>[],
  ...commands: readonly LicenseCommand[]
): readonly Stamped<LicenseEvent>[] => {
  const all = [...history];
  let license = licenseDecider.initial();
  for (const { event, at } of all) license = licenseDecider.evolve(license, event, at);
  for (const next of commands) {
    const decision = licenseDecider.decide(next, license, eventIdsAfter(all));
    if (isRejection(decision)) throw new Error(`${next.type} was refused: ${decision.detail}`);
    for (const event of decision) {
      const stamped = stamp(event, next.at);
      all.push(stamped);
      license = licenseDecider.evolve(license, event, stamped.at);
    }
  }
  return all;
};

/** Returns the types of events, in order. */
export const typesOf = (history: readonly Stamped<LicenseEvent>[]): readonly string[] =>
  history.map(({ event: { type } }) => type);

export const free: PinnedPolicy = builtInPolicy('FREE', 'pol_free');
export const trial: PinnedPolicy = builtInPolicy('TRIAL', 'pol_trial');
export const enterprise: PinnedPolicy = builtInPolicy('ENTERPRISE', 'pol_ent');

/** Returns the policy of PRO with some other fields. */
export const policyWith = (overrides: Partial<PinnedPolicy>): PinnedPolicy => ({ ...pro, ...overrides });

/** Returns a target with another policy, and nothing else by default. */
export const to = (policy: PinnedPolicy, overrides: Partial<Target> = {}): Target => ({
  policy,
  products: null,
  limits: null,
  entitlements: null,
  ...overrides,
});

/** Returns a device by its letter, as `activate` of the examples does. */
export const device = (letter: string, overrides: Partial<Device> = {}): Device => ({
  activationId: `act_${letter}`,
  fingerprintHash: `hash-${letter}`,
  product: 'local_cli',
  nameRef: null,
  platform: 'linux',
  appVersion: '2.1.0',
  ...overrides,
});
