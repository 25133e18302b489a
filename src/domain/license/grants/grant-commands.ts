import type { Command, Schedule, TermRequest } from '../commands.ts';
import type { Entitlement, LimitStrategy, Limits } from '../events.ts';
import type { Target, UnassignmentCause } from './grant-events.ts';

/** Commands about what a license grants and to whom. */
export type GrantCommand =
  | Command<'AssignUser', { readonly userRef: string }>
  | Command<'UnassignUser', { readonly userRef: string; readonly cause: Extract<UnassignmentCause, 'ADMIN' | 'USER'> }>
  /** `strategy`: instead of the policy's. */
  | Command<'ChangeLimits', { readonly limits: Limits; readonly strategy?: LimitStrategy }>
  | Command<'GrantEntitlement', Entitlement>
  | Command<'RevokeEntitlement', { readonly code: string; readonly source: Entitlement['source'] }>
  | Command<'AddProduct', { readonly product: string }>
  | Command<'RemoveProduct', { readonly product: string }>
  /** That the target exists and is not archived, the caller has made sure of. */
  | Command<'ChangeTier', { readonly target: Target; readonly scheduled?: Schedule }>
  /** The same tier by another policy, or another version of it. */
  | Command<'ChangePolicy', { readonly target: Target; readonly scheduled?: Schedule }>
  | Command<
      'ConvertTrial',
      { readonly target: Target; readonly term: ConversionTerm; readonly billingRef: string | null }
    >;

/** The first paid term: it begins with the conversion. */
export type ConversionTerm =
  | Omit<Extract<TermRequest, { kind: 'duration' }>, 'startsAt'>
  | Omit<Extract<TermRequest, { kind: 'fixed' }>, 'startsAt'>
  | Omit<Extract<TermRequest, { kind: 'perpetual' }>, 'startsAt'>;
