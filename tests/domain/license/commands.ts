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

/** Any command, at noon unless said otherwise. */
export const command = <Type extends LicenseCommand['type']>(
  type: Type,
  data: CommandOf<Type>['data'],
  at: string = noon,
): LicenseCommand => ({ type, data, at }) as LicenseCommand;

/** Any event. `effectiveAt`: where it is not the instant of its recording. */
export const event = <Type extends LicenseEvent['type']>(
  type: Type,
  data: Event<Type>['data'],
  effectiveAt?: string,
): LicenseEvent => ({ type, data, ...(effectiveAt === undefined ? {} : { effectiveAt }) }) as LicenseEvent;

/** What comes of a history when these commands follow it; one that is refused fails the test. */
export const followedBy = (
  history: readonly Stamped<LicenseEvent>[],
  ...commands: readonly LicenseCommand[]
): readonly Stamped<LicenseEvent>[] => {
  const all = [...history];
  let license = licenseDecider.initial();
  for (const { event: each, at } of all) license = licenseDecider.evolve(license, each, at);
  for (const each of commands) {
    const decision = licenseDecider.decide(each, license, eventIdsAfter(all));
    if (isRejection(decision)) throw new Error(`${each.type} was refused: ${decision.detail}`);
    for (const happened of decision) {
      const stamped = stamp(happened, each.at);
      all.push(stamped);
      license = licenseDecider.evolve(license, happened, stamped.at);
    }
  }
  return all;
};

/** The types of what follows, in order. */
export const typesOf = (history: readonly Stamped<LicenseEvent>[]): readonly string[] =>
  history.map(({ event: { type } }) => type);

export const free: PinnedPolicy = builtInPolicy('FREE', 'pol_free');
export const trial: PinnedPolicy = builtInPolicy('TRIAL', 'pol_trial');
export const enterprise: PinnedPolicy = builtInPolicy('ENTERPRISE', 'pol_ent');

/** PRO with some fields otherwise. */
export const policyWith = (overrides: Partial<PinnedPolicy>): PinnedPolicy => ({ ...pro, ...overrides });

/** Another policy, and nothing else. */
export const to = (policy: PinnedPolicy, overrides: Partial<Target> = {}): Target => ({
  policy,
  products: null,
  limits: null,
  entitlements: null,
  ...overrides,
});

/** A device by its letter, as `activate` of the examples has it. */
export const device = (letter: string, overrides: Partial<Device> = {}): Device => ({
  activationId: `act_${letter}`,
  fingerprintHash: `hash-${letter}`,
  product: 'local_cli',
  nameRef: null,
  platform: 'linux',
  appVersion: '2.1.0',
  ...overrides,
});
