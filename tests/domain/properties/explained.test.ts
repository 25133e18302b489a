import { expect, test } from 'vitest';
import { isRejection, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { IssuedLicense, License } from '../../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { planRepairs } from '../../../src/domain/license/repair/plan-repairs.ts';
import type { RepairStep } from '../../../src/domain/license/repair/repair-step.ts';
import { type Situation, viewIn } from '../../../src/domain/license/repair/situation.ts';
import { settle } from '../../../src/domain/license/settle.ts';
import type { Limit } from '../../../src/domain/license/usage/usage-limits.ts';
import { explainValidation } from '../../../src/domain/license/validation/explain-validation.ts';
import type { ValidationScope } from '../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../src/domain/license/validation/validity.ts';
import { type Chance, chanceOf, runSeed } from '../../support/chance.ts';
import { sized } from '../../support/size.ts';
import { carryOut } from './carry-out.ts';
import { drawCommands } from './commands.ts';
import { hour, instant, ms } from './draw.ts';

const perLife = 20;
const total = sized(100_000, 2_000);

test(`${total} explanations agree with validations, and their repairs make the license valid`, {
  timeout: 1_200_000,
}, () => {
  const seed = runSeed();
  console.log(`explained: LEDGER_SEED=${seed}`);
  expectReached(explain(seed));
});

// What a short run reaches is a matter of chance.
test.runIf(total < 100_000)('A fixed seed reaches every step of a repair', () => {
  const seen = explain(11);
  expectReached(seen);
  for (const action of actions) expect(seen.get(action) ?? 0, action).toBeGreaterThan(0);
});

/** Returns how often each outcome and each step occurred. */
const explain = (seed: number): ReadonlyMap<string, number> => {
  const chance = chanceOf(seed);
  const seen = new Map<string, number>();
  let explained = 0;
  while (explained < total) {
    const license = drawLicense(chance);
    if (license === null) continue;
    for (let index = 0; index < perLife; index++, explained++) check(drawSituation(chance, license), chance, seen);
  }
  return seen;
};

const expectReached = (seen: ReadonlyMap<string, number>): void => {
  if (total >= 100_000) for (const action of actions) expect(seen.get(action) ?? 0, action).toBeGreaterThan(0);
  expect(seen.get('valid')).toBeGreaterThan(total / 100);
  expect(seen.get('repaired')).toBeGreaterThan(total / 10);
  // Almost every device can become active: by a user, by a release or by a higher limit.
  expect(seen.get('no NOT_ACTIVATED') ?? 0).toBeLessThan(total / 200);
};

const check = (situation: Situation, chance: Chance, seen: Map<string, number>): void => {
  const { scope, at } = situation;
  const view = viewIn(situation);
  const verdict = validate(view, scope, at);
  const { validation, rules } = explainValidation(view, scope, at);
  const count = (what: string): void => {
    seen.set(what, (seen.get(what) ?? 0) + 1);
  };
  if (JSON.stringify(validation) !== JSON.stringify(verdict)) fail('another verdict', situation);
  const failed = rules.filter(({ outcome }) => outcome === 'FAILED').map(({ code }) => code);
  const reasons = rules.filter(({ outcome }) => outcome === 'FAILED' || outcome === 'NOTED').map(({ code }) => code);
  if ((failed.length === 0) !== verdict.valid) fail('failed rules', situation);
  if ((failed[0] ?? reasons[0] ?? 'VALID') !== verdict.code) fail('another code', situation);
  if (verdict.code !== 'KEY_ROTATED' && reasons.join() !== verdict.reasons.join()) fail('other reasons', situation);

  const { repairs, unrepairable } = planRepairs(situation);
  if (verdict.valid) {
    if (repairs.length > 0 || unrepairable !== null) fail('repairs of a valid license', situation);
    count('valid');
    return;
  }
  if (repairs.length === 0) {
    if (unrepairable === null) fail('neither steps nor a reason', situation);
    count(`no ${unrepairable}`);
    return;
  }
  if (failed.includes('REVOKED') || failed.includes('TENANT_SUSPENDED')) fail('repairs of an ended license', situation);
  count('repaired');
  const alternative = repairs.findIndex(({ alternatives }) => alternatives.length > 0);
  const plans = alternative < 0 ? [-1] : [-1, alternative];
  for (const replaced of plans) {
    const steps = repairs.map(({ step, alternatives }, index) =>
      index === replaced ? (alternatives[0] ?? step) : step,
    );
    let current = situation;
    for (const step of steps) {
      count(step.action);
      if (lowersLimit(current, step)) fail(`a lower limit by ${JSON.stringify(step)}`, situation);
      current = carryOut(current, step, chance);
    }
    const { valid, code } = validate(viewIn(current), current.scope, current.at);
    if (!valid) fail(`${code} after ${JSON.stringify(steps)}`, situation);
  }
};

const lowersLimit = ({ license }: Situation, step: RepairStep): boolean => {
  if (step.action !== 'CHANGE_LIMITS') return false;
  const { meters, ...others } = license.facts.limits;
  const before: Readonly<Record<string, Limit>> = { ...meters, ...others };
  const { meters: newMeters, ...newOthers } = step.limits;
  return Object.entries({ ...newMeters, ...newOthers }).some(
    ([name, limit]) => before[name] === 'unlimited' || limit < Number(before[name] ?? 0),
  );
};

const fail = (what: string, { license, scope, at }: Situation): never => {
  throw new Error(`${what}: ${JSON.stringify({ facts: license.facts, scope, at })}`);
};

const actions = [
  'REINSTATE',
  'RENEW',
  'EXTEND_MAINTENANCE',
  'ADD_PRODUCT',
  'GRANT_ENTITLEMENT',
  'ASSIGN_USER',
  'UNASSIGN_USERS',
  'RELEASE_DEVICES',
  'RELEASE_SEATS',
  'CHANGE_LIMITS',
  'ACTIVATE',
  'TAKE_SEAT',
  'SEND',
  'VALIDATE',
  'WAIT',
];

const drawLicense = (chance: Chance): IssuedLicense | null => {
  const commands = drawCommands(1 + chance.below(2_000_000_000), 2 + chance.below(30));
  const demands = drawDemands(chance);
  let license: License = licenseDecider.initial();
  let recordedAt = '';
  for (const [index, drawn] of commands.entries()) {
    const sent = { ...demanding(drawn, demands), at: drawn.at > recordedAt ? drawn.at : recordedAt };
    const decision = licenseDecider.decide(sent, license, (event) => `evt_${index}_${event}`);
    if (isRejection(decision)) continue;
    if (decision.length > 0) recordedAt = sent.at;
    for (const event of decision) license = licenseDecider.evolve(license, event, stamp(event, recordedAt).at);
  }
  return license.kind === 'unissued' ? null : license;
};

const drawDemands = ({ percent, one }: Chance): Partial<PinnedPolicy> => ({
  productRequired: percent(15),
  fingerprintRequired: percent(15),
  ...(percent(10) && { userRequired: true }),
  ...(percent(10) && { leaseRequired: true }),
  ...(percent(10) && { environmentRequired: true }),
  ...(percent(15) && { environment: one(['production', 'staging']) }),
  ...(percent(10) && { versionRequired: true }),
  ...(percent(10) && { releasedAtRequired: true }),
  ...(percent(15) && { versions: { from: one([null, '1.0.0']), below: one([null, '2.0.0']) } }),
  ...(percent(15) && { checkInSeconds: one([3_600, 86_400]) }),
  ...(percent(20) && { fingerprintMatching: one(['ANY', 'MOST', 'ALL']) }),
  ...(percent(20) && { devicesPerUser: one([1, 1, 2]) }),
});

const demanding = (command: LicenseCommand, demands: Partial<PinnedPolicy>): LicenseCommand => {
  if (command.type !== 'IssueLicense' && command.type !== 'ImportLicense') return command;
  return { ...command, data: { ...command.data, policy: { ...command.data.policy, ...demands } } } as LicenseCommand;
};

const drawSituation = (chance: Chance, license: IssuedLicense): Situation => {
  const { percent, one, below } = chance;
  const { term, createdAt } = license.facts;
  const end = term.expiresAt ?? createdAt;
  const at = instant(
    Math.max(ms(createdAt), one([ms(end), ms(license.forgottenOn)]) + one([-24, -1, 0, 0, 1, 24, 240]) * hour),
  );
  return {
    license: settle(license, at).license,
    scope: drawScope(chance, license, at),
    at,
    tenantSuspended: percent(2),
    lastCheckInAt: percent(50) ? null : instant(ms(at) - below(30) * hour),
    heartbeat: null,
    dead: [...license.leases.values()].map(({ leaseId, expiresAt }) => ({ leaseId, lastSeenAt: expiresAt })),
    isProductSold: percent(70),
    release: null,
  };
};

const drawScope = ({ percent, one, below }: Chance, license: IssuedLicense, at: string): ValidationScope => {
  const ids = [...license.activations.keys(), 'act_unknown'];
  const maybe = <Value>(share: number, value: () => Value): Value | null => (percent(share) ? value() : null);
  const fingerprint = maybe(50, () => `device-${below(6)}`);
  return {
    product: maybe(50, () => one(['local_cli', 'cloud_ide', 'workflow_app', 'other'])),
    fingerprint,
    ...(fingerprint !== null && percent(30) && { components: { disk: one(['d1', 'd2']), board: one(['b1', 'b2']) } }),
    activationId: maybe(20, () => ids[below(ids.length)] ?? ''),
    keyVersion: maybe(50, () => one([1, license.facts.keyVersion])),
    lease: maybe(25, () => `device-${below(6)}`),
    user: maybe(30, () => `ref_user-${below(5)}`),
    environment: maybe(40, () => one(['production', 'staging'])),
    version: maybe(40, () => ({
      number: one(['0.9.0', '1.0.0', '1.5.0', '2.0.0']),
      releasedAt: one([null, license.facts.createdAt, at, instant(ms(at) + 240 * hour)]),
    })),
    entitlements: percent(30) ? [one(['export', 'sso', 'other']), 'sso'] : [],
    meters: percent(30) ? [one(['builds', 'exports'])] : [],
  };
};
