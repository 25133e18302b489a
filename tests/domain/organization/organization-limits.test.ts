import { describe, expect, test } from 'vitest';
import type { Entitlement } from '../../../src/domain/license/grants/entitlement.ts';
import { noLimits, organizationLimits } from '../../../src/domain/organization/organization-limits.ts';
import { later, noon } from './examples.ts';

const grants = (code: string, limit: number | null, changed: Partial<Entitlement> = {}): Entitlement => ({
  code,
  value: null,
  limit,
  until: null,
  source: 'tier',
  ...changed,
});

describe('the limits of an organization', () => {
  test('do not exist when its license sets none', () => {
    expect(organizationLimits([], noon)).toEqual(noLimits);
    expect(organizationLimits([grants('export', 3)], noon)).toEqual({ members: null, projects: null });
  });
  test('are the limits of members and projects in its license', () =>
    expect(organizationLimits([grants('members', 5), grants('projects', 0)], noon)).toEqual({
      members: 5,
      projects: 0,
    }));
  test.each([
    [[grants('members', 5), grants('members', 7, { source: 'grant' })], 7],
    [[grants('members', 3, { source: 'grant' }), grants('members', 5)], 3],
    [[grants('members', 5), grants('members', null, { source: 'grant' })], null],
    [[grants('members', null), grants('members', 5, { source: 'product' })], null],
    [[grants('members', 5), grants('members', null, { source: 'grant', withheld: true })], 0],
  ])('are those of the source that decides: %j gives %j', (entitlements, members) =>
    expect(organizationLimits(entitlements, noon).members).toBe(members),
  );
  test('do not count an entitlement from its end on', () => {
    const entitlements = [grants('projects', 2), grants('projects', 9, { until: later, source: 'grant' })];
    expect(organizationLimits(entitlements, noon).projects).toBe(9);
    expect(organizationLimits(entitlements, later).projects).toBe(2);
  });
});
