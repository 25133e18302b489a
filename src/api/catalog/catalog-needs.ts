import type { Pool } from 'pg';
import type { CatalogCommandNeeds } from '../../application/catalog/change-catalog.ts';
import type { Secrets } from '../../identity/secrets.ts';

/** The needs of the operations on a catalog. */
export type CatalogNeeds = CatalogCommandNeeds & { readonly pool: Pool; readonly secrets: Secrets };
