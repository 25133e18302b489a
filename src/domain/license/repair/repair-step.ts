import type { Instant } from '../../time.ts';
import type { ValidationCode } from '../validation/validation-codes.ts';

/** Lists what a repair does. */
export const repairActions = [
  'REINSTATE',
  'RENEW',
  'EXTEND_MAINTENANCE',
  'ADD_PRODUCT',
  'GRANT_ENTITLEMENT',
  'ASSIGN_USER',
  'UNASSIGN_USERS',
  'RELEASE_DEVICES',
  'RELEASE_SEATS',
  'CHANGE_LIMITS',
  'ACTIVATE',
  'TAKE_SEAT',
  'SEND',
  'VALIDATE',
  'WAIT',
] as const;

/** Any `count` of the parts with these ids. There may be more parts than `ids` lists. */
type AnyOf = { readonly count: number; readonly ids: readonly string[] };

/** The version that an application must have, and when it must have been released before; null: no bound. */
export type FittingVersion = {
  readonly from: string | null;
  readonly below: string | null;
  readonly releasedBefore: Instant | null;
  /** A version that fits; null: none is known. */
  readonly number: string | null;
  readonly releasedAt: Instant | null;
};

/**
 * What the next validation must send. A member that is present must be sent: with this value, with one of these values,
 * or null: with the value that the application knows.
 */
export type Sent = {
  /** The current key instead of the presented one. */
  readonly licenseKey?: null;
  readonly environment?: string | null;
  /** One of these products. */
  readonly product?: readonly string[];
  readonly version?: FittingVersion;
  /** The user with this reference; null: any, whom a later step assigns. */
  readonly user?: string | null;
  readonly fingerprint?: null;
  /** One of these activations. */
  readonly activationId?: readonly string[];
  /** The components of the device as they were recorded. */
  readonly components?: null;
  readonly leaseHolder?: null;
};

/** Limits to set. Others stay. */
export type RaisedLimits = {
  readonly activations?: number;
  readonly seats?: number;
  readonly users?: number;
  readonly meters?: Readonly<Record<string, number>>;
};

/**
 * One step. ASSIGN_USER, ACTIVATE and TAKE_SEAT take the user, the device and the seat from the request, with what SEND
 * added to it.
 */
export type RepairStep =
  | { readonly action: 'REINSTATE' | 'ASSIGN_USER' | 'ACTIVATE' | 'TAKE_SEAT' | 'VALIDATE' }
  /** `duration` null: as the policy says. Otherwise the term counts from now. */
  | { readonly action: 'RENEW'; readonly duration: string | null }
  | { readonly action: 'EXTEND_MAINTENANCE'; readonly to: Instant }
  | { readonly action: 'ADD_PRODUCT'; readonly product: string }
  | { readonly action: 'GRANT_ENTITLEMENT'; readonly entitlement: string }
  | ({ readonly action: 'UNASSIGN_USERS' | 'RELEASE_DEVICES' | 'RELEASE_SEATS' } & AnyOf)
  /** With the strategy ALLOW_OVER, so that the change of one limit ends nothing and is not refused for another one. */
  | { readonly action: 'CHANGE_LIMITS'; readonly limits: RaisedLimits }
  | { readonly action: 'SEND'; readonly send: Sent; readonly omit: readonly 'activationId'[] }
  | { readonly action: 'WAIT'; readonly until: Instant };

/** A step with the code that it removes. Each of `alternatives` can take its place. */
export type Repair = {
  readonly code: ValidationCode;
  readonly step: RepairStep;
  readonly alternatives: readonly RepairStep[];
};

/**
 * The steps, in order, that make a validation valid. No step when it is valid already, and when `unrepairable` names a
 * code that no step removes.
 */
export type RepairPlan = { readonly repairs: readonly Repair[]; readonly unrepairable: ValidationCode | null };
