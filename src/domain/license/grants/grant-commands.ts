import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { Entitlement, EntitlementName } from './entitlement.ts';
import type { UnassignmentCause } from './grant-events.ts';

/** Commands about what a license grants and to whom. */
export type GrantCommand =
  | Command<'AssignUser', { readonly userRef: string }>
  | Command<'UnassignUser', { readonly userRef: string; readonly cause: Extract<UnassignmentCause, 'ADMIN' | 'USER'> }>
  | Command<'GrantEntitlement', Entitlement>
  | Command<'RevokeEntitlement', EntitlementName>
  /** The worker sends it: announces every entitlement that ended by `until`. */
  | Command<'EndEntitlements', { readonly until: Instant }>
  | Command<'AddProduct', { readonly product: string }>
  | Command<'RemoveProduct', { readonly product: string }>;
