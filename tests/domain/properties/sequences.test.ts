import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { runSeed } from '../../support/chance.ts';
import { findViolation, type Seen, takenBack } from './check.ts';
import { commandTypes, drawCommands } from './commands.ts';

const commandCount = 60;
const full = process.env.LEDGER_TEST_SIZE === 'full';
// The long run has a million sequences, in parts, each with a seed of its own.
const parts = full ? 20 : 1;
const numRuns = full ? 50_000 : 200;
// A short run rarely reaches the rarest commands, so it also tries fixed sequences, until it has reached all of them.
const fixedSeeds = Array.from({ length: 12 }, (_, index) => 4 + index);

// `LEDGER_SEED` repeats a run from its part on; with the `LEDGER_PATH` of a failure, its one sequence.
const [firstSeed, path] = [runSeed(), process.env.LEDGER_PATH ?? ''];
const seeds = Array.from({ length: path === '' ? parts : 1 }, (_, part) => firstSeed + part);
const seen: Seen = new Map();

test.each(seeds)(
  `${numRuns} sequences of ${commandCount} commands agree with the model and break no invariant, seed %i`,
  {
    timeout: full ? 1_800_000 : 300_000,
  },
  (seed) => {
    console.log(`sequences: LEDGER_SEED=${seed}`);
    const soundness = fc.property(sequence, (drawn) => {
      const commands = drawCommands(drawn, commandCount);
      const violation = outcome(commands, seen);
      if (violation !== null) throw new Error(report(commands, violation));
    });
    fc.assert(soundness, { numRuns, seed, path, unbiased: true });
    if (path !== '' || full) return;
    for (const fixedSeed of fixedSeeds)
      if (notReached().length > 0) fc.assert(soundness, { numRuns: 300, seed: fixedSeed, unbiased: true });
  },
);

test.runIf(path === '')('The drawn sequences reach every type of command and every refusal', () => {
  expect(notReached()).toEqual([]);
  expect([...outcomes()].sort()).toEqual(everyOutcome);
});

/**
 * Returns the outcomes so far. Few sequences take a seat back or send old usage to late read models: other tests do.
 */
const outcomes = (): ReadonlySet<string | undefined> =>
  new Set(
    [...seen.keys()]
      .filter((key) => key !== takenBack)
      .map((key) => key.split(' ')[1])
      .filter((name) => name !== tooLate),
  );

/** The drawn commands must keep reaching everything: each type is accepted, and each refusal occurs. */
const notReached = (): readonly string[] => [
  ...commandTypes.filter((type) => (seen.get(`${type} done`) ?? 0) <= (full ? 20 : 0)),
  ...everyOutcome.filter((name) => !outcomes().has(name)),
];

test('Sequences about seats alone, in which holders take withheld seats back, agree with the model', () => {
  const seed = runSeed();
  console.log(`sequences of seats: LEDGER_SEED=${seed}`);
  const seen: Seen = new Map();
  const soundness = fc.property(sequence, (drawn) => {
    const commands = drawCommands(drawn, commandCount, aboutSeats).map(borrowing);
    const violation = outcome(commands, seen);
    if (violation !== null) throw new Error(report(commands, violation));
  });
  fc.assert(soundness, { numRuns: full ? 20_000 : 100, seed, unbiased: true });
  expect(seen.get(takenBack)).toBeGreaterThan(20);
});

const aboutSeats = ['AcquireLease', 'ReleaseLease', 'RenewLease', 'LapseLease', 'Deactivate', 'ChangeLimits'] as const;

/** Returns the command with a longer borrow and without other reasons to refuse it; a license that allows that. */
const borrowing = (command: LicenseCommand): LicenseCommand => {
  switch (command.type) {
    case 'IssueLicense':
    case 'ImportLicense': {
      const { policy, limits } = command.data;
      const lease = { ...policy.lease, borrowMaxSeconds: 86_400 };
      const lending = { ...policy, lease, reclaimBorrowed: false, deactivateByKey: 'ANY' as const };
      return {
        ...command,
        data: { ...command.data, policy: lending, limits: { ...limits, seats: 3 } },
      } as LicenseCommand;
    }
    case 'AcquireLease': {
      const borrowSeconds = command.data.leaseId.endsWith('5') ? null : 86_400;
      return { ...command, data: { ...command.data, product: null, userRef: null, borrowSeconds } };
    }
    default:
      return command;
  }
};

// One number determines a sequence. It is not shrunk, because a smaller number is no simpler sequence.
const sequence = fc.noShrink(fc.integer({ min: 1, max: 2_147_483_647 }));

// tests/domain/license/usage/decide-usage.test.ts reaches it.
const tooLate = 'NOT_PROJECTED_YET';

const everyOutcome = [
  'ACTIVATION_LIMIT_EXCEEDED',
  'ACTIVATION_NOT_FOUND',
  'BILLING_REF_REUSED',
  'COMPONENTS_MISMATCH',
  'COMPONENTS_REQUIRED',
  'COOLDOWN_ACTIVE',
  'CORRECTION_EXCEEDS_USAGE',
  'DEACTIVATION_LIMIT',
  'DEVICE_ACTIVE_ELSEWHERE',
  'ENTITLEMENT_FROM_POLICY',
  'FORBIDDEN',
  'HOLDER_CONSENT_REQUIRED',
  'INVALID_REQUEST',
  'LICENSE_EXPIRED',
  'LICENSE_NOT_FOUND',
  'LICENSE_NOT_STARTED',
  'LICENSE_REVOKED',
  'LICENSE_SUSPENDED',
  'LIMIT_INVALID',
  'NOT_FOUND',
  'PRODUCT_NOT_LICENSED',
  'QUOTA_EXCEEDED',
  'RATE_LIMITED',
  'SEAT_LIMIT_EXCEEDED',
  'TERM_INVALID',
  'TERM_NOT_LATER',
  'USAGE_ID_REUSED',
  'USAGE_NOT_FOUND',
  'USAGE_TIMESTAMP_OUT_OF_RANGE',
  'USER_LIMIT_EXCEEDED',
  'USER_NOT_ASSIGNED',
  'USER_SCOPE_REQUIRED',
  'done',
  'nothing',
];

// A thrown error is a violation too: `decide`, `evolve` and `fork` are total.
const outcome = (commands: readonly LicenseCommand[], seen: Seen = new Map()): string | null => {
  try {
    return findViolation(commands, Math.floor(commands.length / 2), seen);
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
};

/** Leaves out commands one after the other while the violation stays. */
const shrink = (commands: readonly LicenseCommand[]): readonly LicenseCommand[] => {
  const shorter = commands.map((_, left) => commands.filter((__, index) => index !== left));
  const stillWrong = shorter.find((candidate) => outcome(candidate) !== null);
  return stillWrong === undefined ? commands : shrink(stillWrong);
};

const report = (commands: readonly LicenseCommand[], violation: string): string => {
  const shrunk = shrink(commands);
  const lines = shrunk.map((command) => JSON.stringify(command)).join('\n');
  return [violation, `repeat with LEDGER_SEED and LEDGER_PATH; enough are (${outcome(shrunk)}):`, lines].join('\n');
};
