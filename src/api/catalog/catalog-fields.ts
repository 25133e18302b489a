import { nameMax } from '../../domain/names.ts';
import { text } from '../schemas.ts';

/** The name of a product or policy. */
export const nameIn = text(nameMax).refine((name) => name.trim() !== '', 'must not be only spaces');

/** The common part of the routes that change one product or one policy. */
export const changesCatalog = {
  tag: 'Catalog',
  permission: 'changeCatalog',
  effect: 'append',
  conditional: true,
} as const;
