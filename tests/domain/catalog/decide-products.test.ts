import { describe, test } from 'vitest';
import type { CatalogEvent } from '../../../src/domain/catalog/events.ts';
import {
  archiveProduct,
  catalog,
  changeProduct,
  cli,
  createProduct,
  given,
  on,
  productArchivedEvent,
  productEvent,
} from './examples.ts';

const archived = [...catalog, on(productArchivedEvent('prd_1'))];

describe('creating a product', () => {
  const workflow = { productId: 'prd_3', code: 'workflow_app', name: 'Workflow', description: null };

  test('records its code, name and description', () => {
    given(...catalog)
      .when(createProduct())
      .thenEvents(productEvent(workflow));
    given(...catalog)
      .when(createProduct({ description: 'For teams' }))
      .thenEvents(productEvent({ ...workflow, description: 'For teams' }));
  });
  test('changes nothing when it is repeated', () =>
    given(...catalog)
      .when(createProduct({ productId: 'prd_1', code: 'Other' }))
      .thenNothing());
  test('under the code of another is refused, also of an archived one', () => {
    given(...catalog)
      .when(createProduct({ code: 'local_cli' }))
      .thenRejected('CODE_TAKEN');
    given(...archived)
      .when(createProduct({ code: 'local_cli' }))
      .thenRejected('CODE_TAKEN');
  });
  test.each(['ab', 'a1', 'a_', 'a-', 'a-b', `a${'b'.repeat(39)}`])('takes the code %s', (code) =>
    given(...catalog)
      .when(createProduct({ code }))
      .thenEvents(productEvent({ ...workflow, code })),
  );
  test.each(['', 'a', '1a', '_a', '-a', 'Ab', 'a b', 'a.b', `a${'b'.repeat(40)}`, 'ab\n', 'äb'])(
    'is refused with the code %j',
    (code) =>
      given(...catalog)
        .when(createProduct({ code }))
        .thenRejected('INVALID_REQUEST'),
  );
  test('is refused without a name, or with a description beyond 2,000 characters', () => {
    given(...catalog)
      .when(createProduct({ name: ' ' }))
      .thenRejected('INVALID_REQUEST');
    given(...catalog)
      .when(createProduct({ description: 'x'.repeat(2_001) }))
      .thenRejected('INVALID_REQUEST');
    const description = 'x'.repeat(2_000);
    given(...catalog)
      .when(createProduct({ description }))
      .thenEvents(productEvent({ ...workflow, description }));
  });
});

describe('changing a product', () => {
  const changed = (name: string, description: string | null): CatalogEvent => ({
    type: 'ProductChanged',
    data: { productId: 'prd_1', name, description },
  });

  test('records name and description; there is no way to change the code', () => {
    given(...catalog)
      .when(changeProduct({ name: 'CLI' }))
      .thenEvents(changed('CLI', null));
    given(...catalog)
      .when(changeProduct({ description: 'Text' }))
      .thenEvents(changed('Local CLI', 'Text'));
  });
  test('changes nothing when nothing differs', () => {
    given(...catalog)
      .when(changeProduct())
      .thenNothing();
    given(...catalog, on(changed('CLI', 'Text')))
      .when(changeProduct({ name: 'CLI', description: 'Text' }))
      .thenNothing();
  });
  test('is refused for an unknown one', () =>
    given(...catalog)
      .when(changeProduct({ productId: 'prd_x' }))
      .thenRejected('NOT_FOUND'));
  test('is refused for an archived one', () =>
    given(...archived)
      .when(changeProduct({ name: 'CLI' }))
      .thenRejected('ARCHIVED'));
  test('to no name, or too long a description, is refused', () => {
    given(...catalog)
      .when(changeProduct({ name: '' }))
      .thenRejected('INVALID_REQUEST');
    given(...catalog)
      .when(changeProduct({ description: 'x'.repeat(2_001) }))
      .thenRejected('INVALID_REQUEST');
  });
});

describe('archiving a product', () => {
  test('is recorded', () =>
    given(...catalog)
      .when(archiveProduct())
      .thenEvents(productArchivedEvent('prd_1')));
  test('changes nothing when it is repeated', () =>
    given(...archived)
      .when(archiveProduct())
      .thenNothing());
  test('is refused for an unknown one', () =>
    given(...catalog)
      .when(archiveProduct('prd_x'))
      .thenRejected('NOT_FOUND'));
  test('leaves its id taken', () =>
    given(...archived)
      .when(createProduct({ ...cli }))
      .thenNothing());
});
