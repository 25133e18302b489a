import { describe, expect, test } from 'vitest';
import type { CatalogCommand, CatalogRejection } from '../../../src/domain/catalog/commands.ts';
import { releasesMax } from '../../../src/domain/catalog/decide-releases.ts';
import type { CatalogEvent } from '../../../src/domain/catalog/events.ts';
import type { Stamped } from '../../../src/domain/decider.ts';
import {
  addVersion,
  archivePolicy,
  archiveProduct,
  catalog,
  changeProduct,
  cli,
  content,
  createPolicy,
  createProduct,
  given,
  on,
  open,
  policyArchivedEvent,
  productArchivedEvent,
  publish,
  publishedEvent,
  withPolicy,
} from './examples.ts';

type Case = readonly [history: readonly Stamped<CatalogEvent>[], commands: readonly CatalogCommand[]];

/** local_cli has as many releases as it may have. */
const fullCatalog = () => [
  ...catalog,
  ...Array.from({ length: releasesMax }, (_, patch) => on(publishedEvent(`1.0.${patch}`))),
];

/** One entry per rejection, in the order of the union. A rejection without an entry does not compile. */
const cases: Record<CatalogRejection, Case> = {
  NOT_FOUND: [catalog, [changeProduct({ productId: 'prd_x' }), archiveProduct('prd_x'), addVersion(), archivePolicy()]],
  INVALID_REQUEST: [[], [open({ ...cli, code: '1' })]],
  CODE_TAKEN: [catalog, [createProduct({ code: 'local_cli' })]],
  RELEASE_EXISTS: [[...catalog, on(publishedEvent())], [publish({ channel: 'beta' })]],
  RELEASE_LIMIT_EXCEEDED: [fullCatalog(), [publish({ version: '2.0.0' })]],
  ARCHIVED: [
    [...withPolicy, on(productArchivedEvent('prd_1')), on(policyArchivedEvent)],
    [changeProduct({ name: 'x' }), addVersion({ name: 'x' }), createPolicy({}, 'pol_2')],
  ],
  TERM_INVALID: [catalog, [createPolicy({ term: { basis: 'ISSUE', duration: 'P0D' } })]],
  LIMIT_INVALID: [catalog, [createPolicy({ limits: { ...content.limits, seats: -1 } })]],
};

describe.each(Object.entries(cases))('%s', (code, [history, commands]) => {
  test('has a command that it refuses', () => expect(commands).not.toEqual([]));
  test.each(commands)('refuses $type with $data', (command) =>
    given(...history)
      .when(command)
      .thenRejected(code as CatalogRejection),
  );
});
