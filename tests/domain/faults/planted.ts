/** A mistake in the domain: one exact text and its replacement, and the test that must catch it. */
export type Fault = {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The file of the test, and its full name: the describe, a space, the test. Other tests may fail too. */
  readonly caughtIn: string;
  readonly caughtBy: string;
};

/** Mistakes that would sell, give away or lose licenses. The first three stand for all in the short test run. */
export const faults: readonly Fault[] = [
  {
    name: 'one device more than the limit',
    file: 'src/domain/license/devices/decide-devices.ts',
    find: 'if (count >= capacity(limit, facts.policy.overage))',
    replace: 'if (count > capacity(limit, facts.policy.overage))',
    caughtIn: 'tests/domain/license/devices/decide-devices.test.ts',
    caughtBy: 'activating a device never exceeds the limit',
  },
  {
    name: 'an expired license still activates',
    file: 'src/domain/license/usage/usage-guard.ts',
    find: "if (isUseOver(facts, at)) return refuse('LICENSE_EXPIRED',",
    replace: "if (isUseOver(facts, at) && term.number < 0) return refuse('LICENSE_EXPIRED',",
    caughtIn: 'tests/domain/license/devices/decide-devices.test.ts',
    caughtBy: 'activating a device is refused from the expiry on, to the millisecond, announced or not',
  },
  {
    name: 'reinstating forgets the expiry',
    file: 'src/domain/license/suspension/evolve-suspension.ts',
    find: 'return { ...facts, suspension: null,',
    replace: 'return { ...facts, term: { ...facts.term, expiresAt: null }, suspension: null,',
    caughtIn: 'tests/domain/license/suspension/decide-suspension.test.ts',
    caughtBy: 'reinstating a license makes a license EXPIRED, not ACTIVE, when it has expired meanwhile',
  },
  {
    name: 'a renewal counts from now instead of from the expiry',
    file: 'src/domain/license/term/decide-renewal.ts',
    find: `    case 'FROM_EXPIRY':
      return previousExpiresAt;`,
    replace: `    case 'FROM_EXPIRY':
      return at;`,
    caughtIn: 'tests/domain/license/term/decide-renewal.test.ts',
    caughtBy: 'renewing a license before its expiry stacks the new term on the running one',
  },
  {
    name: 'revocation is not final',
    file: 'src/domain/license/decide.ts',
    find: 'if (license.facts.revokedAt !== null) return decideRevoked(',
    replace: "if (license.facts.revokedAt !== null && command.type === 'Activate') return decideRevoked(",
    caughtIn: 'tests/domain/license/endings/decide-revocation.test.ts',
    caughtBy: 'revoking a license changes nothing when it is repeated',
  },
  {
    name: 'an expiry hides a suspension',
    file: 'src/domain/license/status.ts',
    find: `  if (isSuspended(facts, at)) return 'SUSPENDED';
  if (isExpired(facts, at)) return 'EXPIRED';`,
    replace: `  if (isExpired(facts, at)) return 'EXPIRED';
  if (isSuspended(facts, at)) return 'SUSPENDED';`,
    caughtIn: 'tests/domain/license/status.test.ts',
    caughtBy: 'the status of a license revocation none, suspension open, term expired, announced 1: SUSPENDED',
  },
  {
    name: 'the instant of expiry still belongs to the term',
    file: 'src/domain/license/status.ts',
    find: 'return accessEndsAt !== null && at >= accessEndsAt;',
    replace: 'return accessEndsAt !== null && at > accessEndsAt;',
    caughtIn: 'tests/domain/license/status.test.ts',
    caughtBy: 'intervals are half open, to the millisecond at the expiry',
  },
  {
    name: 'a device that is active already is counted again',
    file: 'src/domain/license/devices/decide-devices.ts',
    find: '  if (active !== null) {\n',
    replace: '  if (active === undefined) {\n',
    caughtIn: 'tests/domain/license/devices/decide-devices.test.ts',
    caughtBy: 'activating a device changes nothing when it is repeated, even when the license is full',
  },
  {
    name: 'the cooldown does not apply to users',
    file: 'src/domain/license/devices/decide-devices.ts',
    find: 'if (at >= cooldownEndsAt) return null;',
    replace: 'if (cooldownEndsAt >= lastDeactivatedAt) return null;',
    caughtIn: 'tests/domain/license/devices/decide-devices.test.ts',
    caughtBy: 'releasing a device waits for the cooldown after the last one, to the millisecond; the vendor does not',
  },
  {
    name: 'the grace is counted from the announcement',
    file: 'src/domain/license/term/decide-expiry.ts',
    find: 'data: { termNumber, expiresAt, graceUntil: graceUntil(facts) }, effectiveAt',
    replace:
      'data: { termNumber, expiresAt, graceUntil: graceUntil({ ...facts, term: { ...facts.term, expiresAt: at } }) }, effectiveAt',
    caughtIn: 'tests/domain/license/term/decide-expiry.test.ts',
    caughtBy: 'announcing an expiry counts the grace from the expiry, however late the announcement is',
  },
  {
    name: 'a transfer loses an expiry that was not announced',
    file: 'src/domain/license/decide.ts',
    find: 'return decision.length === 0 ? decision : [...events.map(byLedger), ...decision];',
    replace: 'return decision;',
    caughtIn: 'tests/domain/license/term/decide-expiry.test.ts',
    caughtBy: 'announcing an expiry comes before a transfer that starts the term anew, so that no expiry is missing',
  },
  {
    name: 'a suspension waits for the clock of the server that asks',
    file: 'src/domain/license/status.ts',
    find: 'const isInForce = ({ until }: Suspension, at: Instant): boolean =>',
    replace: 'const isInForce = ({ since, until }: Suspension, at: Instant): boolean => since <= at &&',
    caughtIn: 'tests/domain/license/suspension/decide-suspension.test.ts',
    caughtBy: 'suspending a license applies also for a server with a slow clock',
  },
];
