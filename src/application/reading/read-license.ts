import type { Pool, PoolClient } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { noSuchLicense } from '../../domain/license/license-authority.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { productScope } from '../../postgres/product-scope.ts';
import type { Refusal } from '../refusal.ts';
import { licenseAsOf, type PastNeeds } from './as-of.ts';
import { isVisible } from './is-visible.ts';
import { currentLicense } from './parked-license.ts';
import { noUse, type RecentUse, readRecentUse } from './read-validations.ts';

export type LicenseReadNeeds = PastNeeds & {
  readonly pool: Pool;
  readonly executor: Executor;
  readonly now: () => Instant;
};

/** A license as of `at`. Metadata has no history and is empty for an instant in the past. */
export type ReadLicense = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
  /** False: what an import says of an instant before it. */
  readonly recorded: boolean;
  /**
   * True when a change has fallen due that is not recorded yet, so that the revision alone does not name this state.
   */
  readonly isDerived: boolean;
  /** None for an instant in the past. */
  readonly use: RecentUse;
};

/**
 * Returns a license that the organization issues or holds, as of now or of an instant in the past. `signal` ends the
 * reading of the past.
 */
export const readLicense = async (
  needs: LicenseReadNeeds,
  organizationId: string,
  licenseId: string,
  { asOf, signal }: { readonly asOf?: Instant | undefined; readonly signal: AbortSignal },
): Promise<ReadLicense | Refusal> => {
  const at = needs.now();
  const readUse = async (db: PoolClient) => (asOf === undefined ? await readRecentUse(db, licenseId, at) : noUse);
  const current = await currentLicense(needs, organizationId, { licenseId, at }, readUse);
  if (current === null) return noSuchLicense;
  const { facts, revision, isDerived } = current;
  const metadata = current.metadata ?? {};
  const use = current.more ?? noUse;
  if (asOf === undefined) return { facts, revision, metadata, at, recorded: true, isDerived, use };
  const then = await licenseAsOf(needs, licenseId, asOf, signal);
  if (then === null || !isVisible(then.facts, organizationId, productScope())) return noSuchLicense;
  return { ...then, metadata: {}, at: asOf, use: noUse };
};
