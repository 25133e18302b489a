import type { IdempotencyNeeds } from '../../application/idempotent-attempt.ts';
import type { Instant } from '../../domain/time.ts';

/** The needs of the operations on evidence packs. */
export type PackRouteNeeds = IdempotencyNeeds & { readonly now: () => Instant };

/** The group of the operations in the document. */
export const packTag = 'Evidence packs';
