import type { Pool } from 'pg';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { packLicensesMax } from '../../packs/pack-files.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { issuedAmong } from '../../projections/queries/license-by-id.ts';
import { listLicenses, placeOf } from '../../projections/queries/lists/license-list.ts';
import { type LicensePlace, type Listing, sortOf } from '../../projections/queries/lists/license-listing.ts';
import { type AuditPack, countPacks, queuePack, readPack } from '../../records/audit-packs.ts';
import { type Caller, principalOf } from '../caller.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { organizationPackBytesMax } from './make-pack.ts';

/** The licenses of a pack: their ids, or the filters of a list. */
export type PackSelection =
  | { readonly licenses: readonly string[] }
  | { readonly filters: Omit<Listing, 'orgId' | 'limit' | 'after' | 'sort'> };

/** A request for a pack. `query`: as it stands in the manifest. */
export type NewPackRequest = {
  readonly commandId: string;
  readonly selection: PackSelection;
  readonly query: JsonObject;
  readonly hasLeaves: boolean;
  readonly now: Date;
};

/** The most packs of an organization that wait or are being made, and the most that it has at a time. */
export const openPacksMax = 10;
export const keptPacksMax = 20;

/**
 * Queues an evidence pack of licenses that the organization of the caller has issued. The same command queues it once.
 * Refuses licenses of others, a selection without a license or with too many, and more packs than an organization may
 * have.
 */
export const requestPack = async (
  pool: Pool,
  caller: Caller,
  { commandId, selection, query, hasLeaves, now }: NewPackRequest,
): Promise<AuditPack | Refusal> => {
  const { organizationId } = caller;
  const licenses = await idsOf(pool, organizationId, selection);
  if (isRefusal(licenses)) return licenses;
  const packId = encodeId('pck', aggregateId(commandId, 'pack'));
  const actor = { type: caller.kind === 'user' ? 'USER' : 'API_KEY', id: principalOf(caller) };
  return asTenant(
    pool,
    organizationId,
    async (db) => {
      const present = await readPack(db, organizationId, { packId, now });
      if (present !== null) return present;
      const { open, kept, bytes } = await countPacks(db, organizationId, now);
      if (open >= openPacksMax) return tooManyOpen;
      if (kept >= keptPacksMax) return tooManyKept;
      if (bytes >= organizationPackBytesMax) return tooManyBytes;
      await queuePack(db, { issuerOrgId: organizationId, packId, actor, query, licenses, hasLeaves, now });
      const queued = await readPack(db, organizationId, { packId, now });
      if (queued === null) throw new Error(`The pack ${packId} is not queued.`);
      return queued;
    },
    { readOnly: false },
  );
};

/** Returns the ids of a selection in their order, each once. Refuses as `requestPack` does. */
export const idsOf = async (
  pool: Pool,
  organizationId: string,
  selection: PackSelection,
): Promise<readonly string[] | Refusal> => {
  if ('filters' in selection) return idsOfFilters(pool, organizationId, selection.filters);
  const ids = [...new Set(selection.licenses)].sort();
  const issued = await asTenant(pool, organizationId, (db) => issuedAmong(db, organizationId, ids));
  const other = selection.licenses.findIndex((id) => !issued.has(id));
  return other === -1
    ? ids
    : reject('LICENSE_NOT_FOUND', 'Your organization has not issued this license.', 'licenses', other);
};

const idsOfFilters = async (
  pool: Pool,
  orgId: string,
  filters: Omit<Listing, 'orgId' | 'limit' | 'after' | 'sort'>,
): Promise<readonly string[] | Refusal> => {
  const ids: string[] = [];
  // A holder gets no pack: it would show the leaves of the issuer.
  const issuer = filters.issuer ?? orgId;
  for (let after: LicensePlace | null = null; issuer === orgId; ) {
    const page = await asTenant(pool, orgId, (db) =>
      listLicenses(db, { ...filters, issuer, orgId, limit: pageMax, after }),
    );
    ids.push(...page.map(({ facts }) => facts.licenseId));
    if (ids.length > packLicensesMax) return tooManyLicenses;
    const last = page.at(-1);
    if (page.length < pageMax || last === undefined) break;
    after = placeOf(last.facts, sortOf({ ...filters, orgId, limit: pageMax, after }));
  }
  return ids.length === 0 ? noLicense : ids.sort();
};

const pageMax = 500;

const tooManyLicenses = reject(
  'QUOTA_EXCEEDED',
  `More than ${packLicensesMax} licenses match the filter, the most of a pack. Use a narrower filter, and request several packs.`,
  'filter',
);
const noLicense = reject(
  'LICENSE_NOT_FOUND',
  'No license that your organization has issued matches the filter.',
  'filter',
);
const tooManyOpen = reject(
  'QUOTA_EXCEEDED',
  `${openPacksMax} packs of your organization wait or are being made. Request the pack when one of them is READY.`,
);
const tooManyKept = reject(
  'QUOTA_EXCEEDED',
  `Your organization has ${keptPacksMax} packs, the most at a time. Delete one with DELETE /v1/audit/packs/{packId}.`,
);
const tooManyBytes = reject(
  'QUOTA_EXCEEDED',
  `The packs of your organization have ${organizationPackBytesMax} bytes or more, which is the quota. Delete one with DELETE /v1/audit/packs/{packId}.`,
);
