import type { Instant } from '../../time.ts';
import { lapseKnownUntil } from '../forget.ts';
import { isNotYetValid } from '../status.ts';
import { waitsForDevice } from './license-rules.ts';
import type { Checked, Judgement, Rule } from './rule.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';

// Rules about the device and the seat of the request.

/** The rules about the device that the request names. */
export const deviceRules = {
  FINGERPRINT_REQUIRED: {
    judge: ({ facts, scope }) => {
      if (!facts.policy.fingerprintRequired) return 'NOT_REQUIRED';
      return isDeviceNamed(scope) ? 'PASSED' : 'FAILED';
    },
    inputs: ({ facts, scope }) => ({
      isNamed: isDeviceNamed(scope),
      fingerprintRequired: facts.policy.fingerprintRequired,
    }),
  },
  NOT_ACTIVATED: {
    judge: ({ facts, view, scope, at }) => {
      if (waitsForDevice(facts) && isNotYetValid(facts, at)) return 'FAILED';
      if (!isDeviceNamed(scope)) return 'NOT_NAMED';
      return view.activation === null ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts, view, scope }) => ({
      isNamed: isDeviceNamed(scope),
      activationId: scope.activationId ?? null,
      isActivated: view.activation !== null,
      activations: facts.usage.activations,
      awaits: facts.awaited?.trigger ?? null,
    }),
  },
  FINGERPRINT_MISMATCH: {
    judge: ({ view, scope: { fingerprint, activationId = null } }) => {
      if (fingerprint === null || activationId === null) return 'NOT_NAMED';
      if (view.activation === null) return 'NOTHING_TO_COMPARE';
      return view.activation.isOfFingerprint ? 'PASSED' : 'FAILED';
    },
    inputs: ({ view, scope: { activationId = null } }) => ({
      activationId,
      isOfFingerprint: view.activation?.isOfFingerprint ?? null,
    }),
  },
  COMPONENTS_REQUIRED: {
    judge: (checked) => judgeComponents(checked, 'COMPONENTS_REQUIRED'),
    inputs: (checked) => componentsOf(checked),
  },
  COMPONENTS_MISMATCH: {
    judge: (checked) => judgeComponents(checked, 'COMPONENTS_MISMATCH'),
    inputs: (checked) => componentsOf(checked),
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The rules about the seat of the request. */
export const seatRules = {
  NO_LEASE: {
    judge: (checked) => {
      const { lease: holder = null } = checked.scope;
      if (holder === null) return checked.facts.policy.leaseRequired === true ? 'FAILED' : 'NOT_NAMED';
      return knownLease(checked) === null ? 'FAILED' : 'PASSED';
    },
    inputs: (checked) => ({
      isNamed: (checked.scope.lease ?? null) !== null,
      leaseRequired: checked.facts.policy.leaseRequired === true,
      isKnown: knownLease(checked) !== null,
    }),
  },
  LEASE_EXPIRED: {
    judge: (checked) => {
      const { lease: holder = null } = checked.scope;
      if (holder === null) return 'NOT_NAMED';
      const known = knownLease(checked);
      if (known === null) return 'NOTHING_TO_COMPARE';
      return checked.at >= known.aliveUntil ? 'FAILED' : 'PASSED';
    },
    inputs: (checked) => ({ aliveUntil: knownLease(checked)?.aliveUntil ?? null }),
  },
} as const satisfies Readonly<Record<string, Rule>>;

const isDeviceNamed = ({ fingerprint, activationId = null }: ValidationScope): boolean =>
  fingerprint !== null || activationId !== null;

const judgeComponents = (
  { facts, view }: Checked,
  problem: 'COMPONENTS_REQUIRED' | 'COMPONENTS_MISMATCH',
): Judgement => {
  if (view.activation?.componentProblem === problem) return 'FAILED';
  if ((facts.policy.componentCheck ?? 'NONE') === 'NONE') return 'NOT_REQUIRED';
  return view.activation === null ? 'NOTHING_TO_COMPARE' : 'PASSED';
};

const componentsOf = ({ facts, scope: { components = {} } }: Checked) => ({
  componentCheck: facts.policy.componentCheck ?? 'NONE',
  components: Object.keys(components),
});

const knownLease = ({ view: { lease }, facts, at }: Checked): ValidationView['lease'] =>
  lease !== null && isLeaseKnown(lease.aliveUntil, facts.policy.lease, at) ? lease : null;

// A stream forgets lapsed leases and rows do not. So the answer depends on the clock alone.
const isLeaseKnown = (
  aliveUntil: Instant,
  { resurrectSeconds }: Checked['facts']['policy']['lease'],
  at: Instant,
): boolean => at < lapseKnownUntil(aliveUntil, resurrectSeconds, aliveUntil);
