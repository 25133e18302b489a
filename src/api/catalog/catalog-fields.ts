import { nameMax } from '../../domain/names.ts';
import { text } from '../schemas.ts';

/** The name of a product or policy. */
export const nameIn = text(nameMax).refine((name) => name.trim() !== '', 'must not be only spaces');

/** What the routes that change one product or one policy have in common. */
export const changesCatalog = {
  tag: 'Catalog',
  permission: 'changeCatalog',
  effect: 'append',
  conditional: true,
} as const;
