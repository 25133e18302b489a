import { expect, test } from 'vitest';
import type { CatalogCommand } from '../../../src/domain/catalog/commands.ts';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import { offerOf } from '../../../src/domain/catalog/offer.ts';
import { fold, isRejection } from '../../../src/domain/decider.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  catalog,
  content,
  createPolicy,
  createProduct,
  on,
  policyArchivedEvent,
  withdraw,
  withPolicy,
} from './examples.ts';

const state = fold(catalogDecider, catalog);
const { rules, limits } = content;

// A refusal tells the caller the place of the mistake.
test.each<[CatalogCommand, string]>([
  [createProduct({ name: '' }), 'The name of a product must have 1 to 200 characters.'],
  [createPolicy({ name: '' }), 'The name of a policy must have 1 to 200 characters.'],
  [
    createPolicy({ limits: { ...limits, meters: { builds: -1 } } }),
    'limits.meters.builds must be a whole number, 0 or more, or "unlimited", not -1.',
  ],
  [
    createPolicy({ limits: { ...limits, seats: 'Unlimited' as never } }),
    'limits.seats must be a whole number, 0 or more, or "unlimited", not "Unlimited".',
  ],
  [
    createPolicy({ rules: { ...rules, deactivation: { ...rules.deactivation, cooldownSeconds: 0.5 } } }),
    'rules.deactivation.cooldownSeconds must be a whole number of seconds, from 0 to 100 years, not 0.5.',
  ],
  [
    createPolicy({ products: ['unknown'] }),
    'This catalog has no product "unknown". Its products on sale: cloud_ide, local_cli.',
  ],
  [createPolicy({ rules: { ...rules, maintenance: 'YEAR' } }), '"YEAR" is neither TERM nor a duration like P1Y.'],
  [
    createPolicy({ rules: { ...rules, renewalDuration: 'P0D' } }),
    'The duration "P0D" lasts no time. It must be longer than zero.',
  ],
  [
    createPolicy({ rules: { ...rules, renewalDuration: 'P101Y' } }),
    'The duration "P101Y" is too long. It must last at most 100 years.',
  ],
  [
    createPolicy({ rules: { ...rules, renewalDuration: '1 year' } }),
    '"1 year" is not a duration like P1Y, P30D or PT1H.',
  ],
  [withdraw('9.9.9'), 'The product local_cli has no release "9.9.9". List its releases, or publish this one.'],
  [withdraw('9.9.9', 'unknown'), 'This catalog has no product "unknown". Check the code, or add the product.'],
])('the refusal of %j reads: %s', (command, sentence) => {
  const decision = catalogDecider.decide(command, state, testEventIds);
  expect(isRejection(decision) && decision.detail).toBe(sentence);
});

test.each([
  [catalog, null, 'There is no such policy.'],
  [withPolicy, 2, 'This policy has no version 2.'],
  [[...withPolicy, on(policyArchivedEvent)], null, 'This policy is archived: nothing new is issued under it.'],
])('an offer that is not possible is refused: %#', (history, version, sentence) =>
  expect(offerOf(fold(catalogDecider, history), { policyId: 'pol_1', version, products: null })).toMatchObject({
    detail: sentence,
  }),
);

test('the refusal of an unknown product names no product that the API key does not reach', () => {
  const query = { policyId: 'pol_1', version: null, products: ['x1'], limit: ['cloud_ide'] };
  expect(offerOf(fold(catalogDecider, withPolicy), query)).toMatchObject({
    detail: 'This catalog has no product "x1". Its products on sale: cloud_ide.',
  });
});
