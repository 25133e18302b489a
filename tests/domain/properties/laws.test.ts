import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold, isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { License } from '../../../src/domain/license/license.ts';
import { settle } from '../../../src/domain/license/settle.ts';
import { runSeed } from '../../support/chance.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { sized } from '../../support/size.ts';
import { canonical } from './check.ts';
import { drawCommands } from './commands.ts';

const { decide, evolve, fork, initial } = licenseDecider;
const seed = runSeed();
console.log(`laws: LEDGER_SEED=${seed}`);

const sequence = fc.record({
  seed: fc.integer({ min: 1 }),
  length: fc.integer({ min: 2, max: 60 }),
  cut: fc.nat(1_000),
});
const always = (check: (commands: readonly LicenseCommand[], cut: number) => void) =>
  fc.assert(
    fc.property(sequence, ({ seed: drawn, length, cut }) => check(drawCommands(drawn, length), cut)),
    { numRuns: sized(10_000, 1_000), seed },
  );

type Life = { license: License; recordedAt: string; readonly history: Stamped<LicenseEvent>[] };

const take = (life: Life, command: LicenseCommand): void => {
  // Each event has an id of its own: a withdrawal names the announcement by it.
  const decision = decide(command, life.license, (index) => `evt_${life.history.length + index}`);
  if (isRejection(decision) || decision.length === 0) return;
  if (command.at > life.recordedAt) life.recordedAt = command.at;
  for (const event of decision) {
    const stamped = stamp(event, life.recordedAt);
    life.history.push(stamped);
    life.license = evolve(life.license, event, stamped.at);
  }
};
const live = (commands: readonly LicenseCommand[]): Life => {
  const life: Life = { license: initial(), recordedAt: '', history: [] };
  for (const command of commands) take(life, command);
  return life;
};

/**
 * Returns true for a command that happens each time, or finds nothing to withdraw, convert or sell. The command id in the
 * write path makes its repetition safe.
 */
const isRepeatedByItsId = ({ type, data }: LicenseCommand): boolean =>
  ['Renew', 'RotateKey', 'CancelScheduled', 'ConvertTrial'].includes(type) || 'term' in data;

const timeout = 120_000;

test('a command gets the same decision again, and changes nothing after it was accepted', { timeout }, () =>
  always((commands) => {
    const last = commands.at(-1);
    if (last === undefined) return;
    const life = live(commands.slice(0, -1));
    const before = canonical(life.license);
    const first = decide(last, life.license, testEventIds);
    expect(decide(last, life.license, testEventIds)).toEqual(first);
    expect(canonical(life.license)).toBe(before);
    if (isRejection(first) || isRepeatedByItsId(last)) return;
    take(life, last);
    // A new end or policy can end a trial at once. The repetition meets the license after the trial.
    if (life.license.kind === 'issued' && settle(life.license, last.at).events.length > 0) return;
    const repeated = decide(last, life.license, testEventIds);
    // The grant is gone, and the policy still grants the code.
    if (isRejection(repeated) && repeated.rejected === 'ENTITLEMENT_FROM_POLICY') return;
    expect(repeated).toEqual([]);
  }),
);

test('folding a history in two parts gives the same state, wherever it is cut', { timeout }, () =>
  always((commands, cut) => {
    const { history, license } = live(commands);
    const middle = cut % (history.length + 1);
    let folded = fork(fold(licenseDecider, history.slice(0, middle)));
    for (const { event, at } of history.slice(middle)) folded = evolve(folded, event, at);
    expect(canonical(folded)).toBe(canonical(license));
  }),
);

test('events that went through JSON fold to the same state, and so does any first part of them', { timeout }, () =>
  always((commands, cut) => {
    const { history } = live(commands);
    const stored: Stamped<LicenseEvent>[] = JSON.parse(JSON.stringify(history));
    expect(stored).toEqual(history);
    const length = cut % (history.length + 1);
    const [read, kept] = [stored, history].map((events) => fold(licenseDecider, events.slice(0, length)));
    expect(read && canonical(read)).toBe(kept && canonical(kept));
  }),
);
