import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fold, isRejection, type Stamped, stamp } from '../src/domain/decider.ts';
import type { LicenseCommand } from '../src/domain/license/commands.ts';
import { licenseDecider } from '../src/domain/license/decider.ts';
import type { LicenseEvent } from '../src/domain/license/events.ts';
import { builtInPolicy } from '../src/domain/license/issue/built-in-policies.ts';
import { testEventIds } from '../tests/support/event-ids.ts';
import { type Figures, whole } from './bench.ts';

/** The speed of the domain on one core, without storage. */
export type DomainFigures = {
  /** The commands per second through `decide` and `evolve`, in the best round. */
  readonly commandsPerSecond: number;
  /** The milliseconds to fold a license of `foldedEvents` events, in the best round. */
  readonly foldMs: number;
  readonly foldedEvents: number;
  readonly madeOf: { readonly commands: string; readonly fold: string };
};

/** Measures commands and folding for the table of all figures. */
export const domainFigures: Figures = {
  ids: ['domain'],
  measure: async ({ rounds }) => {
    const { commandsPerSecond, foldMs, foldedEvents, madeOf } = measureDomain(rounds);
    return [
      ['domain', 'decide and evolve, commands/s', whole(commandsPerSecond), '>= 200,000', madeOf.commands],
      ['domain', `fold of ${whole(foldedEvents)} events, ms`, foldMs.toFixed(1), '<= 20', madeOf.fold],
    ];
  },
};

const begin = Date.parse('2026-01-01T00:00:00.000Z');
const minutes = (count: number): string => new Date(begin + count * 60_000).toISOString();
const policy = builtInPolicy('PRO', 'pol_1');

/** Measures both `rounds` times. Each round does the same work, in about two seconds. */
export const measureDomain = (rounds: number): DomainFigures => {
  const licenses = 4_000;
  const lives = Array.from({ length: licenses }, (_, index) => life(`lic_${index}`));
  const commandCount = lives.reduce((sum, commands) => sum + commands.length, 0);
  const { history, openAtOnce } = longHistory(10_000);
  let [commandsPerSecond, foldMs] = [0, Number.POSITIVE_INFINITY];
  let events = 0;
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    events = lives.reduce((sum, commands) => sum + live(commands), 0);
    commandsPerSecond = Math.max(commandsPerSecond, (commandCount / (performance.now() - startedAt)) * 1_000);

    const foldStartedAt = performance.now();
    fold(licenseDecider, history);
    foldMs = Math.min(foldMs, performance.now() - foldStartedAt);
  }
  return {
    commandsPerSecond,
    foldMs,
    foldedEvents: history.length,
    madeOf: {
      commands: `${commandCount} commands on ${licenses} licenses, ${events} events; best of ${rounds}`,
      fold: `${history.length} events, up to ${openAtOnce} devices and leases open at once; best of ${rounds}`,
    },
  };
};

/**
 * Returns a year of a license: devices are activated and released, a payment fails and arrives, a renewal, an expiry.
 */
const life = (licenseId: string): readonly LicenseCommand[] => [
  issue(licenseId, 0, 5),
  ...[1, 2, 3, 4, 5, 6, 1, 2].map((device, index) => activate(`${licenseId}-${device}`, 10 + index)),
  release(`${licenseId}-1`, 30),
  activate(`${licenseId}-6`, 31),
  { type: 'Suspend', at: minutes(1_000), data: { reasonCode: 'PAYMENT', until: null } },
  activate(`${licenseId}-7`, 1_001),
  renew(1_500, 'PAYMENT'),
  { type: 'Suspend', at: minutes(2_000), data: { reasonCode: 'ADMIN', until: minutes(2_500) } },
  { type: 'Reinstate', at: minutes(2_100), data: {} },
  release(`${licenseId}-2`, 2_200),
  activate(`${licenseId}-8`, 2_300),
  acquire(`${licenseId}-a`, 2_310),
  acquire(`${licenseId}-b`, 2_311),
  { type: 'RenewLease', at: minutes(2_312), data: { leaseId: `lse_${licenseId}-a`, borrowSeconds: null } },
  { type: 'ReleaseLease', at: minutes(2_313), data: { leaseId: `lse_${licenseId}-b`, by: 'USER' } },
  renew(2_400, null),
  { type: 'Expire', at: minutes(2_500), data: { termNumber: 1 } },
  { type: 'Revoke', at: minutes(3_000), data: { reasonCode: 'CHARGEBACK' } },
];

const issue = (licenseId: string, at: number, activations: number): LicenseCommand => ({
  type: 'IssueLicense',
  at: minutes(at),
  data: {
    licenseId,
    issuerOrgId: 'org_1',
    holderOrgId: null,
    policy,
    products: ['local_cli', 'cloud_ide'],
    term: { kind: 'duration', duration: 'P1Y', startsAt: null },
    limits: { activations, seats: activations, users: 0, meters: {} },
    entitlements: [],
    externalRef: null,
    key: { keyHash: 'ab12', secretId: 's1', hint: 'SYQV9' },
  },
});
const activate = (device: string, at: number): LicenseCommand => ({
  type: 'Activate',
  at: minutes(at),
  data: {
    activationId: `act_${device}`,
    fingerprintHash: `hash-${device}`,
    product: 'local_cli',
    nameRef: null,
    platform: 'linux',
    appVersion: '2.1.0',
  },
});
const release = (device: string, at: number): LicenseCommand => ({
  type: 'Deactivate',
  at: minutes(at),
  data: { device: { fingerprintHash: `hash-${device}` }, by: 'ADMIN' },
});
const acquire = (holder: string, at: number): LicenseCommand => ({
  type: 'AcquireLease',
  at: minutes(at),
  data: {
    leaseId: `lse_${holder}`,
    holderHash: `hash-${holder}`,
    product: 'local_cli',
    userRef: null,
    borrowSeconds: null,
    dead: [],
  },
});
const renew = (at: number, reasonCode: string | null): LicenseCommand => ({
  type: 'Renew',
  at: minutes(at),
  data: { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode },
});

const { decide, evolve, initial } = licenseDecider;

/** Decides the commands in order and evolves the state by every event. Returns the number of events. */
const live = (commands: readonly LicenseCommand[]): number => {
  let license = initial();
  let count = 0;
  for (const command of commands) {
    const decision = decide(command, license, testEventIds);
    if (isRejection(decision)) continue;
    count += decision.length;
    for (const event of decision) {
      const { recordedAt, effectiveAt } = stamp(event, command.at).at;
      license = evolve(license, event, { recordedAt, effectiveAt });
    }
  }
  return count;
};

/** Returns a long history: 2,500 devices and as many leases open and close again and again, with renewals between. */
const longHistory = (length: number) => {
  const history: Stamped<LicenseEvent>[] = [];
  let license = initial();
  let openAtOnce = 0;
  const take = (command: LicenseCommand) => {
    const decision = decide(command, license, testEventIds);
    if (isRejection(decision)) throw new Error(decision.detail);
    for (const event of decision) {
      const stamped = stamp(event, command.at);
      history.push(stamped);
      license = evolve(license, event, stamped.at);
    }
    if (license.kind === 'issued') openAtOnce = Math.max(openAtOnce, license.activations.size + license.leases.size);
  };
  take(issue('lic_long', 0, length));
  for (let step = 1; history.length < length; step++) {
    const device = String(step % 2_500);
    if (step % 2_500 === 0) take(renew(step, null));
    else if (Math.floor(step / 2_500) % 2 === 0) {
      take(activate(device, step));
      take(acquire(device, step));
    } else {
      take(release(device, step));
      take({ type: 'ReleaseLease', at: minutes(step), data: { leaseId: `lse_${device}`, by: 'USER' } });
    }
  }
  return { history: history.slice(0, length), openAtOnce };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { commandsPerSecond, foldMs, foldedEvents, madeOf } = measureDomain(7);
  const [{ model } = { model: 'unknown' }] = cpus();
  console.log(`one core of ${model}, Node ${process.version}`);
  console.log(`decide + evolve: ${Math.round(commandsPerSecond).toLocaleString('en-US')} commands/s (goal >= 200,000)`);
  console.log(`  ${madeOf.commands}`);
  console.log(`fold of ${foldedEvents} events: ${foldMs.toFixed(1)} ms (goal <= 20)`);
  console.log(`  ${madeOf.fold}`);
}
