import { z } from 'zod';
import type { Product } from '../../domain/catalog/catalog.ts';
import { idOf, instantOut } from '../schemas.ts';

/** A product as the API shows it. A product on sale has a null `archivedAt`. */
export const productShape = z
  .strictObject({
    id: idOf('prd', 'prd_01h455vb4pex5vsknk084sn02q'),
    code: z.string().meta({ example: 'local_cli' }),
    name: z.string(),
    description: z.string().nullable(),
    createdAt: instantOut,
    archivedAt: instantOut.nullable(),
  })
  .meta({ id: 'Product' });

/** Returns a product as the API shows it. */
export const productBody = (id: string, product: Product): z.output<typeof productShape> => {
  const { code, name, description, createdAt, archivedAt } = product;
  return { id, code, name, description, createdAt, archivedAt };
};
