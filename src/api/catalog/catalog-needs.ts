import type { Pool } from 'pg';
import type { CatalogCommandNeeds } from '../../application/catalog/change-catalog.ts';
import type { Secrets } from '../../identity/secrets.ts';

/** What the operations on a catalog need. */
export type CatalogNeeds = CatalogCommandNeeds & { readonly pool: Pool; readonly secrets: Secrets };
