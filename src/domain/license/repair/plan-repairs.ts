import type { Rejection } from '../../decider.ts';
import type { LicenseRejection } from '../commands.ts';
import { keyRotated } from '../validation/license-rules.ts';
import type { Rule } from '../validation/rule.ts';
import { validationRules } from '../validation/validation-rules.ts';
import type { Candidate } from './candidate.ts';
import { type Blocking, candidatesFor, checkedIn } from './candidates.ts';
import { roomAfter } from './find-room.ts';
import { nameUser } from './repair-device.ts';
import type { Repair, RepairPlan, RepairStep } from './repair-step.ts';
import { isSituation, type Situation } from './situation.ts';

/**
 * Plans what makes the validation of this situation valid. Each step is carried out on a copy of the license by the
 * rules of its commands, and the next step is chosen for the result. So a plan with steps ends in a valid license. For
 * an instant in the future the steps are those to take then.
 */
export const planRepairs = (situation: Situation): RepairPlan => {
  const taken: Taken[] = [];
  let current = situation;
  for (let failed = nextFailed(current); failed !== null; failed = nextFailed(current)) {
    const steps = stepsFor(failed, current);
    if (steps === null || taken.length > stepsMax) return { repairs: [], unrepairable: failed.code };
    for (const step of steps) {
      taken.push({ ...step, code: failed.code, before: current });
      current = carriedOut(step.candidate, current) ?? current;
    }
  }
  return { repairs: taken.map((step, index) => repairOf(step, taken.slice(index + 1))), unrepairable: null };
};

type Failed = Rule & { readonly code: Blocking };

/** A chosen step and what else might do in its place. */
type Chosen = { readonly candidate: Candidate; readonly others: readonly Candidate[] };
type Taken = Chosen & { readonly code: Blocking; readonly before: Situation };

const repairOf = ({ code, candidate, others, before }: Taken, later: readonly Taken[]): Repair => {
  const isAlternative = (other: Candidate) => {
    const end = later.reduce<Situation | null>(
      (current, next) => current && carriedOut(next.candidate, current),
      carriedOut(other, before),
    );
    return end !== null && nextFailed(end) === null;
  };
  const withoutRepeats = ({ step }: Candidate) => withoutOverlap(step, later);
  return { code, step: withoutRepeats(candidate), alternatives: others.filter(isAlternative).map(withoutRepeats) };
};

/**
 * Returns a release without choice when a later step releases parts of the same kind, so that none is released twice.
 */
const withoutOverlap = (step: RepairStep, later: readonly Taken[]): RepairStep => {
  if (!('ids' in step)) return step;
  const isSameKind = (other: Candidate) => other.step.action === step.action;
  const isFollowed = later.some(({ candidate, others }) => [candidate, ...others].some(isSameKind));
  return isFollowed ? { ...step, ids: step.ids.slice(0, step.count) } : step;
};

/** Returns the failed rule to repair next. Returns null when the license is valid. */
const nextFailed = (situation: Situation): Failed | null => {
  const checked = checkedIn(situation);
  return repairOrder.find(({ judge }) => judge(checked, false) === 'FAILED') ?? null;
};

/** Returns the first steps that bring a failed rule further. Returns null when there are none. */
const stepsFor = (failed: Failed, situation: Situation): readonly Chosen[] | null => {
  const candidates = candidatesFor[failed.code](situation);
  for (const [index, candidate] of candidates.entries()) {
    const others = candidates.slice(index + 1);
    const outcome = candidate.apply(situation);
    if (isSituation(outcome)) {
      if (isFurther(failed, situation, outcome)) return [{ candidate, others }];
    } else if (outcome !== null) {
      if (isUserMissing(outcome)) return nameUser(situation).map((name) => ({ candidate: name, others: [] }));
      const rooms = roomsBefore(candidate, situation, roomsMax);
      if (rooms !== null) return [...rooms, { candidate, others }];
    }
  }
  return null;
};

/** Returns the steps without which a candidate is refused, in order. Null when none help. */
const roomsBefore = (candidate: Candidate, situation: Situation, max: number): readonly Chosen[] | null => {
  const outcome = candidate.apply(situation);
  if (outcome === null) return null;
  if (isSituation(outcome)) return [];
  if (max === 0) return null;
  const rooms = roomAfter(outcome, situation);
  for (const room of rooms) {
    const next = carriedOut(room, situation);
    const further = next === null ? null : roomsBefore(candidate, next, max - 1);
    if (further !== null) return [{ candidate: room, others: rooms.filter((other) => other !== room) }, ...further];
  }
  return null;
};

// A policy with `devicesPerUser` needs the user of a device, also where a validation does not need one.
const isUserMissing = ({ rejected }: Rejection<LicenseRejection>): boolean => rejected === 'USER_SCOPE_REQUIRED';

const carriedOut = (candidate: Candidate, situation: Situation): Situation | null => {
  const outcome = candidate.apply(situation);
  return isSituation(outcome) ? outcome : null;
};

// A rule with several conditions may need a step for each.
const isFurther = ({ judge, inputs }: Failed, before: Situation, after: Situation): boolean => {
  const checked = checkedIn(after);
  if (judge(checked, false) !== 'FAILED') return true;
  return JSON.stringify(inputs(checked)) !== JSON.stringify(inputs(checkedIn(before)));
};

// A validation starts a term, or checks a license in, only when nothing else is wrong. A device needs a started term.
const last: readonly string[] = ['NOT_YET_VALID', 'NOT_ACTIVATED', 'NO_LEASE', 'LEASE_EXPIRED', 'CHECK_IN_OVERDUE'];

const isBlocking = <Named extends { readonly code: string }>(
  rule: Named,
): rule is Named & { readonly code: Blocking } => Object.hasOwn(candidatesFor, rule.code);

const blocking: readonly Failed[] = [{ code: 'KEY_ROTATED', ...keyRotated }, ...validationRules.filter(isBlocking)];

const repairOrder: readonly Failed[] = [
  ...blocking.filter(({ code }) => !last.includes(code)),
  ...last.flatMap((code) => blocking.filter((rule) => rule.code === code)),
];

/** The limits that can refuse one command: the devices of a user, and those of the license. */
const roomsMax = 2;

/** A plan that needs more steps does not end. A request names up to 100 entitlements and 50 meters. */
const stepsMax = 200;
