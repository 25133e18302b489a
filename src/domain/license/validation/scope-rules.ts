import { overageOf, resetsOf } from '../usage/meter-rules.ts';
import { usageAt } from '../usage/term-counters.ts';
import { isVersionEntitled, releasesUntil } from './app-versions.ts';
import type { Rule } from './rule.ts';

// Rules about what the request names besides a device and a seat.

/** The rules about the environment, the product, the version and the user. */
export const scopeRules = {
  ENVIRONMENT_SCOPE_REQUIRED: {
    judge: ({ facts, scope: { environment = null } }) => {
      if (facts.policy.environmentRequired !== true) return 'NOT_REQUIRED';
      return environment === null ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts, scope: { environment = null } }) => ({
      environment,
      environmentRequired: facts.policy.environmentRequired === true,
    }),
  },
  ENVIRONMENT_MISMATCH: {
    judge: ({ facts, view, scope: { environment = null } }) => {
      if (environment === null) return 'NOT_NAMED';
      const { environment: only } = facts.policy;
      if (only !== undefined && only !== environment) return 'FAILED';
      return view.activation?.isOfEnvironment === false ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts, view, scope: { environment = null } }) => ({
      environment,
      ofPolicy: facts.policy.environment ?? null,
      isOfDevice: view.activation?.isOfEnvironment ?? null,
    }),
  },
  PRODUCT_SCOPE_REQUIRED: {
    judge: ({ facts, scope }) => {
      if (!facts.policy.productRequired) return 'NOT_REQUIRED';
      return scope.product === null ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts, scope }) => ({ product: scope.product, productRequired: facts.policy.productRequired }),
  },
  PRODUCT_NOT_LICENSED: {
    judge: ({ facts, scope }) => {
      if (scope.product === null) return 'NOT_NAMED';
      return facts.products.includes(scope.product) ? 'PASSED' : 'FAILED';
    },
    inputs: ({ facts, scope }) => ({ product: scope.product, products: facts.products }),
  },
  VERSION_SCOPE_REQUIRED: {
    judge: ({ facts: { policy }, scope: { version = null } }) => {
      if (policy.versionRequired !== true && policy.releasedAtRequired !== true) return 'NOT_REQUIRED';
      if (version === null) return 'FAILED';
      return policy.releasedAtRequired === true && version.releasedAt === null ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts: { policy }, scope: { version = null } }) => ({
      version: version?.number ?? null,
      releasedAt: version?.releasedAt ?? null,
      versionRequired: policy.versionRequired === true,
      releasedAtRequired: policy.releasedAtRequired === true,
    }),
  },
  VERSION_NOT_ENTITLED: {
    judge: ({ facts, scope: { version = null } }) => {
      if (version === null) return 'NOT_NAMED';
      return isVersionEntitled(facts, version) ? 'PASSED' : 'FAILED';
    },
    inputs: ({ facts, scope: { version = null } }) => ({
      version: version?.number ?? null,
      releasedAt: version?.releasedAt ?? null,
      from: facts.policy.versions?.from ?? null,
      below: facts.policy.versions?.below ?? null,
      releasesUntil: releasesUntil(facts),
    }),
  },
  USER_SCOPE_REQUIRED: {
    judge: ({ facts, scope: { user = null } }) => {
      if (facts.policy.userRequired !== true) return 'NOT_REQUIRED';
      return user === null ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts, scope: { user = null } }) => ({
      isNamed: user !== null,
      userRequired: facts.policy.userRequired === true,
    }),
  },
  USER_NOT_ASSIGNED: {
    judge: ({ view, scope: { user = null } }) => {
      if (view.activation?.isOfUser === false || view.lease?.isOfUser === false) return 'FAILED';
      if (user === null) return 'NOT_NAMED';
      return view.userAssigned ? 'PASSED' : 'FAILED';
    },
    inputs: ({ view, scope: { user = null } }) => ({
      isNamed: user !== null,
      isAssigned: view.userAssigned,
      isOfDevice: view.activation?.isOfUser ?? null,
      isOfSeat: view.lease?.isOfUser ?? null,
    }),
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The rules about the requested entitlements and meters. */
export const grantRules = {
  ENTITLEMENT_MISSING: {
    judge: ({ scope: { entitlements = [] }, missingEntitlements }) => {
      if (entitlements.length === 0) return 'NOT_NAMED';
      return missingEntitlements.length > 0 ? 'FAILED' : 'PASSED';
    },
    inputs: ({ scope: { entitlements = [] }, missingEntitlements }) => ({ entitlements, missing: missingEntitlements }),
  },
  QUOTA_EXCEEDED: {
    judge: ({ scope: { meters = [] }, exceededMeters }) => {
      if (meters.length === 0) return 'NOT_NAMED';
      return exceededMeters.length > 0 ? 'FAILED' : 'PASSED';
    },
    inputs: ({ facts, at, scope: { meters = [] }, exceededMeters }) => {
      const { meters: totals } = usageAt(facts, at);
      return {
        meters,
        used: meters.map((meter) => `${totals[meter] ?? 0}`),
        limits: meters.map((meter) => `${facts.limits.meters[meter] ?? 0}`),
        exceeded: exceededMeters,
        overage: facts.policy.overage.kind,
        overages: meters.map((meter) => overageOf(facts, meter).kind),
        resets: meters.map((meter) => resetsOf(facts, meter)),
      };
    },
  },
} as const satisfies Readonly<Record<string, Rule>>;
