import { expect, test } from 'vitest';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import { refuseUnknownProducts } from '../../../src/domain/catalog/known-products.ts';
import { fold } from '../../../src/domain/decider.ts';
import { catalog, on, productArchivedEvent } from './examples.ts';

const open = fold(catalogDecider, [...catalog, on(productArchivedEvent('prd_2'))]);

test('The first unknown code is refused with its place, and archived products are known', () => {
  expect(refuseUnknownProducts(['local_cli', 'cloud_ide'], open)).toBeNull();
  expect(refuseUnknownProducts(['local_cli', 'cloud-ide', 'x1'], open)).toMatchObject({
    rejected: 'INVALID_REQUEST',
    place: ['products', 1],
    detail: expect.stringContaining('"cloud-ide"'),
  });
});

test('A key keeps an unknown code that it has, and a catalog that is not open knows every code', () => {
  expect(refuseUnknownProducts(['x1', 'local_cli'], open, ['x1'])).toBeNull();
  expect(refuseUnknownProducts(['x1', 'x2'], open, ['x1'])).toMatchObject({ place: ['products', 1] });
  expect(refuseUnknownProducts(['x1'], fold(catalogDecider, []))).toBeNull();
});
