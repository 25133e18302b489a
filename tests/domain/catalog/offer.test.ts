import { describe, expect, test } from 'vitest';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import type { CatalogEvent, PolicyTerm } from '../../../src/domain/catalog/events.ts';
import { type OfferQuery, offerOf, policyOfTier } from '../../../src/domain/catalog/offer.ts';
import { fold, isRejection, type Stamped } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  catalog,
  content,
  on,
  policyArchivedEvent,
  policyEvent,
  productArchivedEvent,
  version,
  versionEvent,
  withPolicy,
} from './examples.ts';

const offer = (history: readonly Stamped<CatalogEvent>[], query: Partial<OfferQuery> = {}) =>
  offerOf(fold(catalogDecider, history), { policyId: 'pol_1', version: null, products: null, ...query });
const refusal = (history: readonly Stamped<CatalogEvent>[], query: Partial<OfferQuery> = {}) => {
  const answer = offer(history, query);
  return 'rejected' in answer ? answer.rejected : answer;
};
const second = version(2, { name: 'Small', products: ['local_cli'], limits: { ...content.limits, activations: 1 } });
const withTwo = [...withPolicy, on(versionEvent(second))];

describe('the offer for a new license', () => {
  test('contains the pinned policy and its defaults', () =>
    expect(offer(withPolicy)).toEqual({
      policy: version(1).policy,
      products: ['local_cli', 'cloud_ide'],
      term: { kind: 'duration', duration: 'P1Y', startsAt: null },
      limits: content.limits,
      entitlements: content.entitlements,
      overrides: {},
    }));
  test('says how the requested products differ from those of the policy', () =>
    expect(offer(withTwo, { products: ['cloud_ide'] })).toMatchObject({
      overrides: { products: { added: ['cloud_ide'], removed: ['local_cli'] } },
    }));
  test('contains the latest version of the policy by default', () => {
    expect(offer(withTwo)).toMatchObject({
      policy: { version: 2 },
      products: ['local_cli'],
      limits: { activations: 1 },
    });
    expect(offer(withTwo, { version: 1 })).toMatchObject({ policy: { version: 1 }, limits: { activations: 5 } });
    expect(offer(withTwo, { version: 2 })).toEqual(offer(withTwo));
  });
  test('covers each requested product once', () =>
    expect(offer(withTwo, { products: ['cloud_ide', 'cloud_ide'] })).toMatchObject({ products: ['cloud_ide'] }));
  test.each<[PolicyTerm, object]>([
    [{ basis: 'PERPETUAL' }, { kind: 'perpetual', startsAt: null }],
    [
      { basis: 'ISSUE', duration: 'P1M' },
      { kind: 'duration', duration: 'P1M', startsAt: null },
    ],
    [
      { basis: 'FIXED', expiresAt: '2027-01-01T00:00:00.000Z' },
      { kind: 'fixed', expiresAt: '2027-01-01T00:00:00.000Z', startsAt: null },
    ],
    [
      { basis: 'FIRST_ACTIVATION', duration: 'P1M' },
      { kind: 'firstActivation', duration: 'P1M' },
    ],
    [
      { basis: 'FIRST_VALIDATION', duration: 'P1M' },
      { kind: 'firstValidation', duration: 'P1M' },
    ],
  ])('states the term %j as %j', (term, request) =>
    expect(offer([...catalog, on(policyEvent(version(1, { term })))])).toMatchObject({ term: request }),
  );
  test('is accepted by the command IssueLicense', () => {
    const answer = offer(withPolicy);
    if ('rejected' in answer) throw new Error(answer.detail);
    const decision = licenseDecider.decide(
      {
        type: 'IssueLicense',
        at: '2026-01-01T12:00:00.000Z',
        data: {
          ...answer,
          licenseId: 'lic_1',
          issuerOrgId: 'org_1',
          holderOrgId: null,
          externalRef: null,
          key: { keyHash: 'ab', secretId: 's', hint: 'h' },
        },
      },
      licenseDecider.initial(),
      testEventIds,
    );
    expect(isRejection(decision) ? decision : decision[0]).toMatchObject({
      type: 'LicenseIssued',
      data: { policy: version(1).policy, products: ['local_cli', 'cloud_ide'] },
    });
  });
});

describe('an offer is refused', () => {
  test('without a catalog', () => expect(refusal([])).toBe('INVALID_REQUEST'));
  test('under an unknown policy', () => expect(refusal(catalog)).toBe('INVALID_REQUEST'));
  test.each([0, -1, 3, 1.5])('under the version %s that a policy does not have', (number) =>
    expect(refusal(withTwo, { version: number })).toBe('INVALID_REQUEST'),
  );
  test('under an archived policy, whatever its version', () => {
    expect(refusal([...withTwo, on(policyArchivedEvent)])).toBe('ARCHIVED');
    expect(refusal([...withTwo, on(policyArchivedEvent)], { version: 1 })).toBe('ARCHIVED');
  });
  test('for an unknown product', () => expect(refusal(withPolicy, { products: ['unknown'] })).toBe('INVALID_REQUEST'));
  test('for an archived product of the request', () =>
    expect(refusal([...withPolicy, on(productArchivedEvent('prd_1'))], { products: ['local_cli'] })).toBe('ARCHIVED'));
  test('when every product of the policy is archived', () =>
    expect(refusal([...withPolicy, ...['prd_1', 'prd_2'].map((id) => on(productArchivedEvent(id)))])).toBe('ARCHIVED'));
});

test.each<[string, readonly Stamped<CatalogEvent>[], Partial<OfferQuery>, unknown]>([
  ['policy', catalog, {}, ['policyId']],
  ['archived policy', [...withTwo, on(policyArchivedEvent)], {}, ['policyId']],
  ['version', withTwo, { version: 3 }, ['version']],
  ['product', withPolicy, { products: ['local_cli', 'unknown'] }, ['products', 1]],
])('a refusal names the place of the invalid %s', (_, history, query, place) =>
  expect(offer(history, query)).toMatchObject({ place }),
);

describe('a tier', () => {
  const of = (history: readonly Stamped<CatalogEvent>[], tier: 'PRO' | 'FREE') => {
    const state = fold(catalogDecider, history);
    return state.kind === 'open' ? policyOfTier(state, tier) : null;
  };
  const later = on(policyEvent(version(1, {}, 'pol_2')));
  test('selects its oldest unarchived policy', () => {
    expect(of([...withPolicy, later], 'PRO')).toBe('pol_1');
    expect(of([...withPolicy, later, on(policyArchivedEvent)], 'PRO')).toBe('pol_2');
  });
  test('is the tier of the latest version', () => {
    const rules = { ...content.rules, tier: 'FREE' as const };
    const moved = [...withPolicy, later, on(versionEvent(version(2, { rules })))];
    expect([of(moved, 'PRO'), of(moved, 'FREE')]).toEqual(['pol_2', 'pol_1']);
  });
  test('is refused without a policy, or with archived ones only', () => {
    expect(of(withPolicy, 'FREE')).toMatchObject({ rejected: 'INVALID_REQUEST', place: ['policyId'] });
    expect(of([...withPolicy, on(policyArchivedEvent)], 'PRO')).toMatchObject({ rejected: 'ARCHIVED' });
  });
});

describe('an archived product of a policy', () => {
  test('is left out', () =>
    expect(offer([...withPolicy, on(productArchivedEvent('prd_1'))])).toMatchObject({ products: ['cloud_ide'] }));
  test('does not prevent a policy without products', () =>
    expect(offer([...catalog, on(policyEvent(version(1, { products: [] })))])).toMatchObject({ products: [] }));
});
