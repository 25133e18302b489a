import type { Pool, PoolClient } from 'pg';
import { nextDueAt } from '../../domain/license/due.ts';
import type { Entitlement, Limits, PinnedPolicy, SuspensionReason } from '../../domain/license/events.ts';
import type { LicenseFacts, Suspension } from '../../domain/license/license.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { isPaused } from '../../records/sweep-pauses.ts';
import { isParkedIn } from '../queries/parked-licenses.ts';
import { moreOf, readMore } from './license-more.ts';
import type { Row, Table } from './rows.ts';

/** `rm.licenses`: one row per license, its folded stream (db/read-models/010-licenses.sql). */
export const licenses: Table = {
  name: 'licenses',
  key: ['license_id'],
  columns: {
    ...{ license_id: 'text', issuer_org_id: 'text', holder_org_id: 'text', revision: 'bigint', position: 'bigint' },
    ...{ owner_user_ref: 'text', policy: 'jsonb', tier: 'text', products: 'text[]', term_number: 'integer' },
    ...{ starts_at: 'timestamptz', expires_at: 'timestamptz', announced_term: 'integer', limits: 'jsonb' },
    ...{ entitlements: 'jsonb', external_ref: 'text', suspension_reason: 'text', suspended_since: 'timestamptz' },
    ...{ suspended_until: 'timestamptz', revoked_at: 'timestamptz', activations: 'integer', key_version: 'integer' },
    ...{ key_hint: 'text', created_at: 'timestamptz', more: 'jsonb', due_at: 'timestamptz' },
  },
  // A reminder a month before is due by the calendar of the license's zone, and machines know different rules of zones.
  unlike: { due_at: `$more ? 'timeZone'` },
};

/** A license with the place of the last event that was folded into it. */
export type FoldedLicense = { readonly facts: LicenseFacts; readonly revision: bigint; readonly position: bigint };

/** A license as the API shows it. `metadata` null: the issuer noted none. */
export type LicenseView = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: JsonObject | null;
};

/** The row of a license. */
export const licenseRow = ({ facts, revision, position }: FoldedLicense): Row => ({
  license_id: facts.licenseId,
  issuer_org_id: facts.issuerOrgId,
  holder_org_id: facts.holderOrgId,
  revision: `${revision}`,
  position: `${position}`,
  owner_user_ref: facts.ownerUserRef,
  policy: facts.policy,
  tier: facts.policy.tier,
  products: facts.products,
  term_number: facts.term.number,
  starts_at: facts.term.startsAt,
  expires_at: facts.term.expiresAt,
  announced_term: facts.announcedTerm,
  limits: facts.limits,
  entitlements: facts.entitlements,
  external_ref: facts.externalRef,
  suspension_reason: facts.suspension?.reasonCode ?? null,
  suspended_since: facts.suspension?.since ?? null,
  suspended_until: facts.suspension?.until ?? null,
  revoked_at: facts.revokedAt,
  activations: facts.usage.activations,
  key_version: facts.keyVersion,
  key_hint: facts.keyHint,
  created_at: facts.createdAt,
  more: moreOf(facts),
  due_at: nextDueAt(facts),
});

/** What changes in a license's life, again and again; the rest is what was granted, most of it large. */
export const stateColumns: readonly string[] = [
  ...['revision', 'position', 'term_number', 'starts_at', 'expires_at', 'announced_term', 'suspension_reason'],
  ...['suspended_since', 'suspended_until', 'revoked_at', 'activations', 'key_version', 'key_hint', 'more'],
  'due_at',
];

/** True when writing `stateColumns` is enough to get from one row to the other. The fold keeps what it does not change. */
export const isSameGrant = (before: LicenseFacts | undefined, after: LicenseFacts): boolean =>
  before !== undefined &&
  before.policy === after.policy &&
  before.products === after.products &&
  before.limits === after.limits &&
  before.entitlements === after.entitlements &&
  before.issuerOrgId === after.issuerOrgId &&
  before.holderOrgId === after.holderOrgId &&
  before.ownerUserRef === after.ownerUserRef &&
  before.externalRef === after.externalRef &&
  before.createdAt === after.createdAt;

/** What to select, from `rm.licenses l`, to read a license back with `readLicense`. */
export const licenseColumns = [
  ...['l.license_id', 'l.issuer_org_id', 'l.holder_org_id', 'l.revision', 'l.owner_user_ref', 'l.policy::text'],
  ...[
    'array_to_json(l.products)::text',
    'l.term_number',
    epochMs('l.starts_at'),
    epochMs('l.expires_at'),
    'l.announced_term',
  ],
  ...['l.limits::text', 'l.entitlements::text', 'l.external_ref', 'l.suspension_reason', epochMs('l.suspended_since')],
  ...[epochMs('l.suspended_until'), epochMs('l.revoked_at'), 'l.activations', 'l.key_version', 'l.key_hint'],
  ...[epochMs('l.created_at'), 'l.more::text'],
].join(', ');

/** Those columns, read in array row mode. Milliseconds and revision come as text. */
export type LicenseColumns = readonly [
  licenseId: string,
  issuerOrgId: string,
  holderOrgId: string | null,
  revision: string,
  ownerUserRef: string | null,
  policy: string,
  products: string,
  termNumber: number,
  startsAt: string | null,
  expiresAt: string | null,
  announcedTerm: number,
  limits: string,
  entitlements: string,
  externalRef: string | null,
  suspensionReason: SuspensionReason | null,
  suspendedSince: string | null,
  suspendedUntil: string | null,
  revokedAt: string | null,
  activations: number,
  keyVersion: number,
  keyHint: string | null,
  createdAt: string,
  more: string,
];

/** Reads a license back: what `licenseRow` wrote. Further columns may follow. */
export const readLicense = (
  row: readonly [...LicenseColumns, ...unknown[]],
): { facts: LicenseFacts; revision: bigint } => {
  const [
    licenseId,
    issuerOrgId,
    holderOrgId,
    revision,
    ownerUserRef,
    policyText,
    productsText,
    number,
    startsAt,
    expiresAt,
    announcedTerm,
    limitsText,
    entitlementsText,
    externalRef,
    reason,
    since,
    until,
    revokedAt,
    activations,
    keyVersion,
    keyHint,
    createdAt,
    moreText,
  ] = row;
  const policy: PinnedPolicy = JSON.parse(policyText);
  const products: string[] = JSON.parse(productsText);
  const limits: Limits = JSON.parse(limitsText);
  const entitlements: Entitlement[] = JSON.parse(entitlementsText);
  const more = readMore(moreText);
  const suspension: Suspension | null =
    reason === null || since === null ? null : { reasonCode: reason, since: instantOf(since), until: orNull(until) };
  // Written out field by field: every validation comes here, and spreading costs five times as much as all else.
  const facts: LicenseFacts = {
    licenseId,
    issuerOrgId,
    holderOrgId,
    ownerUserRef,
    policy,
    products,
    term: { number, startsAt: orNull(startsAt), expiresAt: orNull(expiresAt) },
    announcedTerm,
    limits,
    entitlements,
    externalRef,
    suspension,
    revokedAt: orNull(revokedAt),
    keyVersion,
    keyHint,
    usage: { activations, seats: more.usage.seats, users: more.usage.users, meters: more.usage.meters },
    createdAt: instantOf(createdAt),
    timeZone: more.timeZone,
    awaited: more.awaited,
    renewal: more.renewal,
    scheduled: more.scheduled,
    graceEndedTerm: more.graceEndedTerm,
    expirySetAt: more.expirySetAt,
    reminded: more.reminded,
    keyOverlaps: more.keyOverlaps,
    maintenanceUntil: more.maintenanceUntil,
    imported: more.imported,
    replaces: more.replaces,
    replacedBy: more.replacedBy,
    endings: more.endings,
    overtakenExpiries: more.overtakenExpiries,
  };
  return { facts, revision: BigInt(revision) };
};

/** The stored licenses among these ids, by id, as the projector sees them: of every organization. */
export const loadLicenses = async (
  db: PoolClient,
  licenseIds: readonly string[],
): Promise<Map<string, { facts: LicenseFacts; revision: bigint }>> => {
  if (licenseIds.length === 0) return new Map();
  const { rows } = await db.query<[...LicenseColumns]>({
    name: 'load-licenses',
    text: `select ${licenseColumns} from licenses l where l.license_id = any($1)`,
    values: [licenseIds],
    rowMode: 'array',
  });
  return new Map(rows.map((row) => [row[0], readLicense(row)]));
};

/**
 * Reads the row of a license that the tenant of `db` issues or holds; null for any other. `isParked`: the stream goes
 * on beyond the row, which is that of an earlier moment.
 */
export const licenseById = async (
  db: PoolClient,
  licenseId: string,
): Promise<(LicenseView & { readonly isParked: boolean }) | null> => {
  const { rows } = await db.query<[...LicenseColumns, JsonObject | null, boolean]>({
    name: 'license-by-id',
    text: `select ${licenseColumns}, m.metadata, ${isParkedIn('l.license_id')} from rm.licenses l left join vault.license_metadata m using (license_id)
      where l.license_id = $1`,
    values: [licenseId],
    rowMode: 'array',
  });
  const [row] = rows;
  return row === undefined ? null : { ...readLicense(row), metadata: row[23], isParked: row[24] };
};

/** A license for which a command was due since `dueAt`, as its row says. */
export type DueLicense = { readonly licenseId: string; readonly dueAt: Instant };

/**
 * Licenses of every organization for which a command (src/domain/license/due.ts) was due at or before `now`, in the order of
 * (dueAt, licenseId), after the given one, however long ago; not those that a sweep could not change, for a while. For
 * `ledger_worker`. Takes no locks: the license's stream decides.
 */
export const dueLicenses = async (
  db: Pool | PoolClient,
  { now, limit, after }: { now: Instant; limit: number; after: DueLicense | null },
): Promise<readonly DueLicense[]> => {
  const { rows } = await db.query<[string, string]>({
    name: 'due-licenses',
    text: `select license_id, ${epochMs('due_at')} from rm.licenses l
      where due_at <= $1 and not ${isPaused('$1')} and ($3::timestamptz is null or (due_at, license_id) > ($3, $4))
      order by due_at, license_id limit $2`,
    values: [now, limit, after?.dueAt ?? null, after?.licenseId ?? null],
    rowMode: 'array',
  });
  return rows.map(([licenseId, dueAt]) => ({ licenseId, dueAt: instantOf(dueAt) }));
};

const instantOf = (ms: string): Instant => fromMs(Number(ms));
const orNull = (ms: string | null): Instant | null => (ms === null ? null : instantOf(ms));
