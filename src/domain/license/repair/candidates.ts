import { ownPeriod, usageAt } from '../usage/term-counters.ts';
import type { RuleCode } from '../validation/validation-rules.ts';
import { checkedOf } from '../validation/validity.ts';
import type { Candidate } from './candidate.ts';
import { namedDevice, raise, withinLimit } from './find-room.ts';
import {
  haveSeat,
  makeActive,
  matchComponents,
  matchEnvironment,
  matchUser,
  nameDevice,
  nameUser,
  send,
  sendEnvironment,
} from './repair-device.ts';
import {
  addProduct,
  assignUser,
  checkIn,
  extendMaintenance,
  grant,
  reinstate,
  renew,
  sendProduct,
  sendVersion,
  startByValidation,
  wait,
} from './repair-license.ts';
import { type Situation, viewIn } from './situation.ts';

/** The code of a rule that makes a license invalid. */
export type Blocking = Exclude<RuleCode, 'VALID_IN_GRACE' | 'VALID_OVERAGE'> | 'KEY_ROTATED';

/**
 * Returns the steps that may remove a code, the best first. None: nothing can. A code without an entry does not
 * compile.
 */
export const candidatesFor: Readonly<Record<Blocking, (situation: Situation) => readonly Candidate[]>> = {
  TENANT_SUSPENDED: () => [],
  REVOKED: () => [],
  SUSPENDED: () => [reinstate],
  KEY_ROTATED: ({ license }) => [send({ licenseKey: null }, { keyVersion: license.facts.keyVersion })],
  NOT_YET_VALID: ({ license }) => {
    const { startsAt } = license.facts.term;
    return startsAt === null ? [startByValidation] : [wait(startsAt)];
  },
  EXPIRED: ({ license }) => [renew(null), renew(license.termDuration ?? license.issuedDuration ?? 'P1Y')],
  CHECK_IN_OVERDUE: () => [checkIn],
  ENVIRONMENT_SCOPE_REQUIRED: (situation) => [
    sendEnvironment(situation.license.facts.policy.environment ?? namedDevice(situation)?.environment ?? null),
  ],
  ENVIRONMENT_MISMATCH: matchEnvironment,
  PRODUCT_SCOPE_REQUIRED: sendProduct,
  PRODUCT_NOT_LICENSED: (situation) => [...addProduct(situation), ...sendProduct(situation)],
  VERSION_SCOPE_REQUIRED: sendVersion,
  VERSION_NOT_ENTITLED: (situation) => [...sendVersion(situation), ...extendMaintenance(situation)],
  USER_SCOPE_REQUIRED: nameUser,
  USER_NOT_ASSIGNED: (situation) => [assignUser, ...matchUser(situation)],
  ENTITLEMENT_MISSING: (situation) => checkedIn(situation).missingEntitlements.slice(0, 1).map(grant),
  FINGERPRINT_REQUIRED: nameDevice,
  NOT_ACTIVATED: makeActive,
  FINGERPRINT_MISMATCH: () => [send({}, { activationId: null }, ['activationId'])],
  COMPONENTS_REQUIRED: matchComponents,
  COMPONENTS_MISMATCH: matchComponents,
  NO_LEASE: haveSeat,
  LEASE_EXPIRED: haveSeat,
  TOO_MANY_ACTIVATIONS: (situation) => withinLimit(situation, 'activations'),
  TOO_MANY_LEASES: (situation) => withinLimit(situation, 'seats'),
  TOO_MANY_USERS: (situation) => withinLimit(situation, 'users'),
  QUOTA_EXCEEDED: (situation) => {
    const { license, at } = situation;
    const used = usageAt(license.facts, at).meters;
    return checkedIn(situation)
      .exceededMeters.slice(0, 1)
      .flatMap((meter) => {
        const until = ownPeriod(license.facts, meter, at)?.until ?? null;
        return [raise({ meters: { [meter]: (used[meter] ?? 0) + 1 } }), ...(until === null ? [] : [wait(until)])];
      });
  },
};

/** Returns what the rules read in a situation. */
export const checkedIn = (situation: Situation) => checkedOf(viewIn(situation), situation.scope, situation.at);
