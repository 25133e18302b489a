import { afterEach, expect, test, vi } from 'vitest';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { evolve, fork } from '../../../src/domain/license/evolve.ts';
import { sized } from '../../support/size.ts';
import { command } from './commands.ts';
import { activatedEvent, at, deactivatedEvent, issued, licenseAfter, noon, on, revoke } from './examples.ts';
import { decisionOn } from './many-devices.ts';

const devices = sized(100_000);

afterEach(() => vi.restoreAllMocks());

/** Returns how many entries this work adds to maps and sets. */
const entriesAdded = (work: () => void): number => {
  const spies = [vi.spyOn(Map.prototype, 'set'), vi.spyOn(Set.prototype, 'add')];
  work();
  const calls = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  vi.restoreAllMocks();
  return calls;
};

test(`Deciding and storing a command on a license with ${devices} devices copies none of them`, () => {
  const limits = { activations: devices, seats: 0, users: 0, meters: {} };
  const license = licenseAfter(
    issued({ limits }),
    ...Array.from({ length: devices }, (_, index) => on(noon, activatedEvent(`d${index}`, index + 1, devices))),
  );
  // The first fork of a folded stream links its entries, once.
  const linked = entriesAdded(() => fork(license));
  expect(linked).toBeLessThan(2 * devices + 100);
  const release: LicenseEvent = deactivatedEvent('d7', 'USER', devices - 1);
  const count = entriesAdded(() => {
    // After a successful append the fork continues, and otherwise its origin.
    const stored = evolve(fork(license), release, at(noon));
    evolve(fork(stored), deactivatedEvent('d8', 'USER', devices - 2), at(noon));
    evolve(stored, deactivatedEvent('d9', 'USER', devices - 2), at(noon));
    decisionOn(license, revoke());
    decisionOn(license, command('Transfer', { ...toAnother, activations: 'RELEASE' }));
  });
  expect(count).toBeLessThan(100);
  expect(license.activations.size).toBe(devices);
  expect(license.byFingerprint.get('hash-d7')).toBe('act_d7');
});

const toAnother = { toHolderOrgId: 'org_9', accepted: true, expiry: 'KEEP' } as const;
