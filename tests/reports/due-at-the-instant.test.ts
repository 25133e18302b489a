import { expect, test } from 'vitest';
import { fold } from '../../src/domain/decider.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { License } from '../../src/domain/license/license.ts';
import { settle, settledAt } from '../../src/domain/license/settle.ts';
import { effectiveStatus, renewalAt, suspensionAt } from '../../src/domain/license/status.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { fromMs } from '../../src/domain/time.ts';
import { runSeed } from '../support/chance.ts';
import { drawLife, instantsAround, type Life, live, workers } from '../support/random-lives.ts';
import { sized } from '../support/size.ts';

// Random lives, each with three workers: one that carries out everything at its instant, one that comes a week late, and
// one that never comes. Customers must not notice which one it was.

/** What a customer sees at `at`: the license, and what validation says for each device. */
const seenOf = (license: License, at: string) => {
  if (license.kind === 'unissued') return null;
  const { facts } = license;
  const verdicts = ['hash-a', 'hash-b', 'hash-c'].map((fingerprint) => {
    const scope = { product: 'local_cli', fingerprint };
    return validate(validationView(license, scope), scope, at);
  });
  return JSON.stringify({
    status: effectiveStatus(facts, at),
    renewal: renewalAt(facts, at),
    suspension: suspensionAt(facts, at),
    tier: facts.policy.tier,
    policy: facts.policy.policyId,
    products: facts.products,
    term: facts.term,
    maintenance: facts.maintenanceUntil,
    limits: facts.limits,
    usage: facts.usage,
    devices: [...license.activations.keys()],
    scheduled: facts.scheduled.filter(({ effectiveAt }) => effectiveAt > at).map(({ change }) => change.kind),
    verdicts,
  });
};

/** GET at `at`: what was recorded by then, and what had fallen due. */
const readAt = ({ history }: Life, at: string) =>
  seenOf(
    settledAt(
      fold(
        licenseDecider,
        history.filter(({ at: { recordedAt } }) => recordedAt <= at),
      ),
      at,
    ),
    at,
  );

/** asOf: what was recorded or took effect by then, also when it was recorded later. */
const pastAt = ({ history }: Life, at: string) =>
  seenOf(
    settledAt(
      fold(
        licenseDecider,
        history.filter(({ at: { recordedAt, effectiveAt } }) => recordedAt <= at || effectiveAt <= at),
      ),
      at,
    ),
    at,
  );

const seed = runSeed();
console.log(`due at the instant: LEDGER_SEED=${seed}`);

test('Nobody notices whether the worker ran, came a week late or never came', { timeout: 1_800_000 }, () => {
  let changed = 0;
  for (let index = 0; index < sized(10_000, 30); index++) {
    const { commands, end } = drawLife(seed + index);
    const [onTime, late, never] = workers.map((worker) => live(commands, worker, end));
    if (onTime === undefined || late === undefined || never === undefined) throw new Error('Three lives were lived.');
    for (const instant of instantsAround(commands, [onTime, never], end)) {
      const at = fromMs(instant);
      const expected = readAt(onTime, at);
      const what = `seed ${seed + index}, at ${at}`;
      for (const life of [late, never]) expect(readAt(life, at), what).toBe(expected);
      for (const life of [onTime, late, never]) expect(pastAt(life, at), `as of, ${what}`).toBe(expected);
    }
    changed += never.history.filter(({ event: { type } }) => type === 'LicenseTierChanged').length;
    // Deciding what has fallen due twice changes nothing.
    if (never.license.kind === 'issued') {
      const { license } = settle(never.license, fromMs(end));
      expect(settle(license, fromMs(end)).events).toEqual([]);
    }
  }
  expect(changed).toBeGreaterThan(0);
});
