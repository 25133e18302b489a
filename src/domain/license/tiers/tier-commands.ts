import type { TermRequest } from '../issue/issue-commands.ts';
import type { Command } from '../message-shapes.ts';
import type { Schedule } from '../scheduled/scheduled-commands.ts';
import type { Target } from './tier-events.ts';

/** Commands about tiers, policies and trials. */
export type TierCommand =
  /** The caller has checked that the target exists and is not archived. */
  | Command<'ChangeTier', { readonly target: Target; readonly scheduled?: Schedule } & PaidStart>
  /** Keeps the tier, and changes to another policy or another version of the policy. */
  | Command<'ChangePolicy', { readonly target: Target; readonly scheduled?: Schedule } & PaidStart>
  | Command<
      'ConvertTrial',
      { readonly target: Target; readonly term: ConversionTerm; readonly billingRef: string | null }
    >
  /** The worker sends it: ends an expired trial. */
  | Command<'EndTrial', { readonly termNumber: number }>;

/** The term that an immediate change starts, and its payment; absent: the license keeps its term. */
export type PaidStart = { readonly term?: ConversionTerm; readonly billingRef?: string };

/** The first paid term, which starts with the conversion or the change of tier. */
export type ConversionTerm =
  | Omit<Extract<TermRequest, { kind: 'duration' }>, 'startsAt'>
  | Omit<Extract<TermRequest, { kind: 'fixed' }>, 'startsAt'>
  | Omit<Extract<TermRequest, { kind: 'perpetual' }>, 'startsAt'>;
