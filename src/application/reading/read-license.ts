import type { Pool } from 'pg';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isPartyTo, noSuchLicense } from '../../domain/license/license-authority.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import type { Refusal } from '../refusal.ts';
import { licenseAsOf, type PastNeeds } from './as-of.ts';
import { currentLicense } from './parked-license.ts';

export type LicenseReadNeeds = PastNeeds & {
  readonly pool: Pool;
  readonly executor: Executor;
  readonly now: () => Instant;
};

/** A license as it is, or was, at `at`. Metadata has no history: of a license of the past it is empty. */
export type ReadLicense = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
};

/** Reads a license that the organization issues or holds, as it is now, or as it was at an instant that has come. */
export const readLicense = async (
  needs: LicenseReadNeeds,
  organizationId: string,
  licenseId: string,
  asOf: Instant | undefined,
): Promise<ReadLicense | Refusal> => {
  const current = await currentLicense(needs, organizationId, licenseId);
  if (current === null) return noSuchLicense;
  const { facts, revision, metadata } = current;
  if (asOf === undefined) return { facts, revision, metadata: metadata ?? {}, at: needs.now() };
  const then = await licenseAsOf(needs, licenseId, asOf);
  if (then === null || !isPartyTo(then.facts, organizationId)) return noSuchLicense;
  return { ...then, metadata: {}, at: asOf };
};
