import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Decision, isRejection, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand, LicenseRejection } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import { dueCommands, nextDueAt } from '../../../src/domain/license/due.ts';
import type { Due } from '../../../src/domain/license/due-command.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { IssuedLicense } from '../../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { fromMs, toMs } from '../../../src/domain/time.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { sized } from '../../support/size.ts';
import { command, free, policyWith, to, trial } from './commands.ts';
import { activate, issue, issuedAt, licenseAfter, on, renew, revoke, suspend, twoDevices } from './examples.ts';

// Short lives with terms, graces, reminders, overlaps and announced changes of some days, so that much falls due in
// any order.

const dayMs = 86_400_000;
const { decide, evolve } = licenseDecider;
const graced = policyWith({ expiryGraceSeconds: 2 * 86_400, remindBefore: ['P9D', 'P3D', 'P1D'] });
const policies: readonly PinnedPolicy[] = [
  graced,
  policyWith({ remindBefore: ['P1D', 'PT36H'] }),
  { ...trial, remindBefore: ['P2D'], expiryGraceSeconds: 86_400 },
  { ...trial, trialEnd: 'EXPIRE' },
];
const strict = to(policyWith({ policyId: 'pol_2', limitStrategy: 'REJECT' }), {
  limits: { ...twoDevices, activations: 0 },
});
const later = (at: string, days: number) => fromMs(toMs(at) + days * dayMs);

type Step = { readonly days: number; readonly command: (at: string, index: number) => LicenseCommand };
const days = fc.integer({ min: 1, max: 12 });
const stepOf = fc.oneof(
  fc.constantFrom('a', 'b').map((device) => (at: string) => activate(device, at)),
  fc
    .constantFrom('FROM_EXPIRY' as const, 'FROM_NOW_IF_EXPIRED' as const)
    .map((basis) => (at: string) => renew({ duration: 'P8D', basis }, at)),
  days.map((ahead) => (at: string) => command('ChangeExpiry', { to: later(at, ahead), reasonCode: 'GOODWILL' }, at)),
  fc.tuple(days, fc.constantFrom(strict, to(graced), to(free), to({ ...trial, policyId: 'pol_3' }))).map(
    ([ahead, target]) =>
      (at: string) =>
        command('ChangeTier', { target, scheduled: { effectiveAt: later(at, ahead) } }, at),
  ),
  days.map(
    (overlap) => (at: string, index: number) =>
      command(
        'RotateKey',
        { keyHash: `h${index}`, secretId: 's', hint: 'ABCDE', overlapSeconds: overlap * 86_400, cause: 'ROUTINE' },
        at,
      ),
  ),
  fc.constant((at: string) => suspend('ADMIN', null, at)),
  days.map((lasts) => (at: string) => suspend('FRAUD', later(at, lasts), at)),
  fc.tuple(days, days).map(([ahead, lasts]) => (at: string) => {
    const scheduled = { effectiveAt: later(at, ahead) };
    return command('Suspend', { reasonCode: 'LEGAL', until: later(at, ahead + lasts), scheduled }, at);
  }),
  fc.tuple(days, fc.constantFrom('sso', 'export')).map(
    ([lasts, code]) =>
      (at: string) =>
        command('GrantEntitlement', { code, value: null, limit: null, until: later(at, lasts), source: 'grant' }, at),
  ),
  fc.constant((at: string) => revoke(at)),
);
const lives = fc.record({
  policy: fc.constantFrom(...policies),
  termDays: days,
  steps: fc.array(fc.record({ days: fc.integer({ min: 0, max: 5 }), command: stepOf }), { maxLength: 12 }),
  afterMs: fc.integer({ min: 0, max: 30 * dayMs }),
});
type Life = typeof lives extends fc.Arbitrary<infer Value> ? Value : never;

let announcements = 0;
const send = (license: IssuedLicense, sent: LicenseCommand): Decision<LicenseEvent, LicenseRejection> => {
  announcements += 1;
  const decision = decide(sent, license, (index) => `evt_${announcements}_${index}`);
  if (!isRejection(decision)) for (const event of decision) evolve(license, event, stamp(event, sent.at).at);
  return decision;
};

/** Returns a license that lived without a worker, and the instant when the worker starts. */
const lived = ({ policy, termDays, steps, afterMs }: Life) => {
  const first = issue({ policy, term: { kind: 'duration', duration: `P${termDays}D`, startsAt: null } });
  const decision = decide(first, { kind: 'unissued' }, testEventIds);
  if (isRejection(decision)) throw new Error(decision.detail);
  const license = licenseAfter(...decision.map((event) => on(issuedAt, event)));
  let at = issuedAt;
  for (const [index, step] of (steps as readonly Step[]).entries()) {
    at = later(at, step.days);
    send(license, step.command(at, index));
  }
  return { license, at: fromMs(toMs(at) + afterMs) };
};

const commandOf = (due: Due, at: string): LicenseCommand =>
  due.type === 'EndTrial' ? { ...due, data: { ...due.data, downgrade: to(free) }, at } : { ...due, at };

/** Sends the due commands one at a time, as the worker does. Returns the sent and the refused commands. */
const work = (license: IssuedLicense, at: string) => {
  const [sent, refused]: [string[], string[]] = [[], []];
  for (;;) {
    const due = dueCommands(license.facts, at).find((command) => !sent.includes(JSON.stringify(command)));
    if (due === undefined) return { sent, refused };
    sent.push(JSON.stringify(due));
    if (isRejection(send(license, commandOf(due, at)))) refused.push(JSON.stringify(due));
  }
};

const check = (property: (life: Life) => void) =>
  fc.assert(fc.property(lives, property), { numRuns: sized(40_000), seed: 20_260_301 });

describe('due commands', () => {
  test('leave only refused commands due after they were sent, and the next instant lies ahead', () =>
    check((life) => {
      const { license, at } = lived(life);
      const { refused } = work(license, at);
      expect(dueCommands(license.facts, at).map((due) => JSON.stringify(due))).toEqual(refused);
      const next = nextDueAt(license.facts);
      if (refused.length === 0 && next !== null) expect(next > at).toBe(true);
    }));

  test('fall due exactly at the next due instant', () =>
    check((life) => {
      const { license, at } = lived(life);
      work(license, at);
      const next = nextDueAt(license.facts);
      if (next === null) return;
      expect(dueCommands(license.facts, fromMs(toMs(next) - 1))).toEqual([]);
      expect(dueCommands(license.facts, next)).not.toEqual([]);
    }));

  test('have an effect, or are refused', () =>
    check((life) => {
      const { license, at } = lived(life);
      const [first] = dueCommands(license.facts, at);
      if (first !== undefined) expect(decide(commandOf(first, at), license, testEventIds)).not.toEqual([]);
    }));

  test('include every command that has an effect', () =>
    check((life) => {
      const { license, at } = lived(life);
      work(license, at);
      const { term, policy, scheduled, keyVersion } = license.facts;
      const termNumber = term.number;
      const errands: readonly LicenseCommand[] = [
        command('Expire', { termNumber }, at),
        command('EndGrace', { termNumber }, at),
        command('EndTrial', { termNumber, downgrade: to(free) }, at),
        ...policy.remindBefore.map((offset) => command('Remind', { termNumber, offset }, at)),
        ...Array.from({ length: keyVersion }, (_, index) => command('RetireKey', { keyVersion: index + 1 }, at)),
        ...scheduled.map(({ eventId }) => command('CarryOutScheduled', { eventId }, at)),
      ];
      for (const errand of errands) {
        const decision = decide(errand, license, testEventIds);
        if (!isRejection(decision)) expect(decision, errand.type).toEqual([]);
      }
    }));
});
