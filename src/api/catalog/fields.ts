import { z } from 'zod';
import { nameMax } from '../../domain/names.ts';
import { text } from '../schemas.ts';

/** The name of a product or policy. */
export const nameIn = text(nameMax).refine((name) => name.trim() !== '', 'must not be only spaces');

/** Whether a list is to hold what was archived, or what was not. */
export const archivedFilter = z
  .enum(['true', 'false'])
  .transform((archived) => archived === 'true')
  .meta({ override: { type: 'boolean' }, example: 'false' });

/** The filters of a list as they stand in its links: empty, or ending in `&`. */
export const filtersOf = (filters: object): string => {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}&`).join('');
};
