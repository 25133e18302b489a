import type { Pool, PoolClient } from 'pg';
import { licenseAggregate, organizationAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { IssuedLicense, License, LicenseFacts } from '../../domain/license/license.ts';
import { noSuchLicense } from '../../domain/license/license-authority.ts';
import { isUnsettled, settle } from '../../domain/license/settle.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import { ChainBroken } from '../../eventstore/chain/chain.ts';
import { UndecodableEvent } from '../../eventstore/envelope.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { productScope } from '../../postgres/product-scope.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { licenseById } from '../../projections/queries/license-by-id.ts';
import { isLicenseParked } from '../../projections/queries/parked-licenses.ts';
import { metadataOf } from '../licenses/license-metadata.ts';
import type { Refusal } from '../refusal.ts';
import { isVisible } from './is-visible.ts';

// The rows of a parked stream show an earlier state, and rows do not contain a change that has fallen due and that no
// command or worker has recorded yet. Such a license is read from its stream.

/** Thrown when the rows of a license are old and its stream cannot be read. */
export class NotProjected extends Error {
  override readonly name = 'NotProjected';
}

/** The refusal of a request that needs rows, while the rows show an earlier state. */
export const notProjected: Refusal = {
  ...reject(
    'NOT_PROJECTED_YET',
    'The newest events of this license are not in its lists yet. Try again later. If this lasts for minutes, an operator has to replay its stream.',
  ),
  retryAfterSeconds: 10,
};

/**
 * Returns `view` of a license from its stream, with everything that has fallen due by `at`; null when it was never
 * issued. `isDerived`: an event of that is not recorded yet. Throws NotProjected when the stream cannot be read.
 */
export const readParked = async <View>(
  executor: Executor,
  { licenseId, at }: { readonly licenseId: string; readonly at: Instant },
  view: (license: IssuedLicense, revision: bigint, isDerived: boolean) => View,
): Promise<View | null> =>
  readable(() =>
    executor.read(licenseAggregate, licenseId, (license: License, revision: bigint) =>
      license.kind === 'unissued' ? null : view(settle(license, at).license, revision, isUnsettled(license.facts, at)),
    ),
  );

/** The ids of parts of a license that rows still show as open, although the license has ended them. */
export type UnrecordedEnds = Readonly<Record<'activations' | 'leases' | 'users', readonly string[]>>;

/**
 * Returns what a change that has fallen due by `at` has ended and that is not recorded yet. Throws NotProjected when
 * the stream cannot be read.
 */
export const unrecordedEnds = async (
  executor: Executor,
  license: { readonly licenseId: string; readonly at: Instant },
): Promise<UnrecordedEnds> => (await readSettled(executor, license)).ended;

/** What a change that has fallen due has ended, and the facts after it. `facts` null: nothing has fallen due. */
type SettledParts = { readonly ended: UnrecordedEnds; readonly facts: LicenseFacts | null };

const readSettled = (
  executor: Executor,
  { licenseId, at }: { readonly licenseId: string; readonly at: Instant },
): Promise<SettledParts> =>
  readable(() =>
    executor.read(licenseAggregate, licenseId, (license: License) => {
      if (license.kind === 'unissued' || !isUnsettled(license.facts, at)) return nothingDue;
      const settled = settle(license, at).license;
      const endsOf = (part: keyof UnrecordedEnds) => [...license[part].keys()].filter((id) => !settled[part].has(id));
      const ended = { activations: endsOf('activations'), leases: endsOf('leases'), users: endsOf('users') };
      return { ended, facts: settled.facts };
    }),
  );

const nothingDue: SettledParts = { ended: { activations: [], leases: [], users: [] }, facts: null };

/** Returns true when an organization is closed, by its stream. Throws NotProjected when the stream cannot be read. */
export const isClosed = (executor: Executor, organizationId: string): Promise<boolean> =>
  readable(() =>
    executor.read(
      organizationAggregate,
      organizationId,
      (organization: Organization) => organization.kind === 'created' && organization.closedAt !== null,
    ),
  );

/**
 * Returns a license that the organization issues or holds, as of `at`, which is now: from its row, or from its stream
 * when the row is old or missing. `isDerived`: a change has fallen due and is not recorded yet. `more` is what
 * `readMore` reads in the transaction of the row; null without a row. Returns null for every other license.
 */
export const currentLicense = async <More = null>(
  { pool, executor }: { readonly pool: Pool; readonly executor: Executor },
  organizationId: string,
  { licenseId, at }: { readonly licenseId: string; readonly at: Instant },
  readMore: (db: PoolClient) => Promise<More | null> = async () => null,
) => {
  const readRow = () =>
    asTenant(pool, organizationId, async (db) => {
      const row = await licenseById(db, licenseId);
      return row === null ? null : { ...row, more: await readMore(db) };
    });
  let known = await readRow();
  if (known === null && !(await isLicenseParked(pool, licenseId))) {
    // A replay may have created the row between the two reads.
    known = await readRow();
    if (known === null) return null;
  }
  if (known?.isParked === false && !isUnsettled(known.facts, at)) return { ...known, isDerived: false };
  const current = await readParked(
    executor,
    { licenseId, at },
    ({ facts }: { readonly facts: LicenseFacts }, revision, isDerived) => ({ facts, revision, isDerived }),
  );
  if (current === null || !isVisible(current.facts, organizationId, productScope())) return null;
  const metadata = await asTenant(pool, organizationId, (db) => metadataOf(db, licenseId));
  return { ...current, metadata, more: known?.more ?? null };
};

/**
 * Returns what `read` reads from the rows of a license that the organization issues or holds. Refuses every other
 * license, and a license without a row because its stream is parked.
 */
export const readLicenseRows = async <Rows>(
  needs: { readonly pool: Pool; readonly executor: Executor },
  organizationId: string,
  licenseId: string,
  read: (db: PoolClient, license: NonNullable<Awaited<ReturnType<typeof licenseById>>>) => Promise<Rows | Refusal>,
): Promise<Rows | Refusal> => {
  const rows = await asTenant(needs.pool, organizationId, async (db) => {
    const license = await licenseById(db, licenseId);
    return license === null ? null : { read: await read(db, license) };
  });
  if (rows !== null) return rows.read;
  const current = await currentLicense(needs, organizationId, { licenseId, at: '' });
  return current === null ? noSuchLicense : notProjected;
};

/**
 * Reads like `readLicenseRows`, and refuses a license with a parked stream, because its rows show an earlier state.
 * `read` leaves out what a change that has fallen due has ended, and gets the facts after it.
 */
export const readCurrentRows = async <Rows>(
  needs: { readonly pool: Pool; readonly executor: Executor; readonly now: () => Instant },
  organizationId: string,
  licenseId: string,
  read: (db: PoolClient, ended: UnrecordedEnds, facts: LicenseFacts) => Promise<Rows>,
): Promise<Rows | Refusal> => {
  const at = needs.now();
  const readWithout = (settled: SettledParts | null) =>
    readLicenseRows<Rows | null>(needs, organizationId, licenseId, async (db, { isParked, facts }) => {
      if (isParked) return notProjected;
      if (settled === null && isUnsettled(facts, at)) return null;
      const { ended, facts: after } = settled ?? nothingDue;
      return read(db, ended, after ?? facts);
    });
  // The stream is read between two transactions, because it may need a connection too.
  const rows = await readWithout(null);
  if (rows !== null) return rows;
  const current = await readWithout(await readSettled(needs.executor, { licenseId, at }));
  if (current === null) throw new Error('Rows were read without what has ended.');
  return current;
};

const readable = async <View>(read: () => Promise<View>): Promise<View> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UndecodableEvent || error instanceof ChainBroken)
      throw new NotProjected(notProjected.detail, { cause: error });
    throw error;
  }
};
