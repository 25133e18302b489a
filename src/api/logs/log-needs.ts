import type { Pool } from 'pg';
import type { Secrets } from '../../identity/secrets.ts';

/** The needs of the operations on logs. */
export type LogNeeds = { readonly pool: Pool; readonly secrets: Secrets };

/** The group of the operations in the document. */
export const logTag = 'Logs';
