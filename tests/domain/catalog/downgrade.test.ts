import { describe, expect, test } from 'vitest';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import { freeTarget } from '../../../src/domain/catalog/downgrade.ts';
import type { CatalogEvent } from '../../../src/domain/catalog/events.ts';
import { fold } from '../../../src/domain/decider.ts';
import { builtInDefaults, builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { catalog, content, on, policyEvent, version, versionEvent, withPolicy } from './examples.ts';

const { policyId: _id, version: _version, ...rules } = builtInPolicy('FREE', 'pol_f');
const free = version(1, { rules, products: ['local_cli'], entitlements: [] }, 'pol_f');
const archived: CatalogEvent = { type: 'PolicyArchived', data: { policyId: 'pol_f' } };
const both = ['local_cli', 'cloud_ide'];
const target = (history: typeof catalog) => freeTarget(fold(catalogDecider, history), 'pol_builtin');
const builtIn = {
  policy: builtInPolicy('FREE', 'pol_builtin'),
  products: null,
  limits: builtInDefaults.FREE.limits,
  entitlements: [],
};

describe('the policy that a trial changes to', () => {
  test('is the issuer’s FREE policy with the products that it covers', () => {
    const { policy, limits, entitlements } = free;
    expect(target([...withPolicy, on(policyEvent(free))])).toEqual({
      policy,
      limits,
      entitlements,
      products: ['local_cli'],
    });
  });
  test('is its latest version', () => {
    const second = version(2, { rules, limits: { ...content.limits, activations: 3 } }, 'pol_f');
    expect(target([...catalog, on(policyEvent(free)), on(versionEvent(second))])).toMatchObject({
      policy: { policyId: 'pol_f', version: 2 },
      limits: { activations: 3 },
      products: both,
    });
  });
  test('is the first of several FREE policies, without archived ones and trials', () => {
    const other = { ...free, policy: { ...free.policy, policyId: 'pol_other' } };
    expect(target([...catalog, on(policyEvent(free)), on(policyEvent(other))]).policy.policyId).toBe('pol_f');
    expect(target([...catalog, on(policyEvent(free)), on(archived), on(policyEvent(other))]).policy.policyId).toBe(
      'pol_other',
    );
    const again = { ...free, policy: { ...free.policy, type: 'TRIAL' as const } };
    expect(target([...catalog, on(policyEvent(again)), on(policyEvent(other))]).policy.policyId).toBe('pol_other');
  });
  test('is the built-in FREE policy without such a policy or catalog, with every product', () => {
    expect(target([])).toEqual(builtIn);
    expect(target(withPolicy)).toEqual(builtIn);
    expect(target([...catalog, on(policyEvent(free)), on(archived)])).toEqual(builtIn);
  });
});
