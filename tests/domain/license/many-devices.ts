import { isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import { dueCommands } from '../../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { IssuedLicense, License } from '../../../src/domain/license/license.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { activatedEvent, issued, noon, on } from './examples.ts';

/** Returns the events of a command on a license. A refused command fails the test. */
export const decisionOn = (license: License, command: LicenseCommand): readonly LicenseEvent[] => {
  const decision = licenseDecider.decide(command, license, testEventIds);
  if (isRejection(decision)) throw new Error(`${command.type} was refused: ${decision.detail}`);
  return decision;
};

/** Returns a license with so many devices and users, all of one product. */
export const withDevices = (count: number, userCount = 0): readonly Stamped<LicenseEvent>[] => [
  issued({ holderOrgId: 'org_2', limits: { activations: count, seats: 10, users: userCount, meters: {} } }),
  ...Array.from({ length: count }, (_, index) => on(noon, activatedEvent(`d${index}`, index + 1, count))),
  ...Array.from({ length: userCount }, (_, index) =>
    on(noon, {
      type: 'UserAssigned',
      data: { userRef: `usr_${index}`, countAfter: index + 1, limit: userCount, overage: false },
    }),
  ),
];

/** Sends the due commands one after the other, as the worker does. Returns the events of each. */
export const carryOut = (license: IssuedLicense, now: string): readonly (readonly LicenseEvent[])[] => {
  const batches: (readonly LicenseEvent[])[] = [];
  for (;;) {
    const [due] = dueCommands(license.facts, now);
    if (due?.type !== 'AnnounceEnded') return batches;
    const events = decisionOn(license, { ...due, at: now });
    for (const event of events) licenseDecider.evolve(license, event, stamp(event, now).at);
    batches.push(events);
  }
};
