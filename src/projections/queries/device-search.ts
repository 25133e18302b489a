import type { PoolClient } from 'pg';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import { type ActivationView, readActivation, selectActivations } from '../tables/activations.ts';

/** The permanent place of an activation in a list of devices. */
export type DevicePlace = { readonly activatedAt: Instant; readonly activationId: string };

/** What devices must have. An absent filter lets all devices through. */
export type DeviceFilters = {
  /** The hashes that the fingerprint may be stored under, in hex, by every issuer that `deviceIssuers` returns. */
  readonly fingerprintHashes?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  /** Only devices that were last seen before this instant. */
  readonly seenBefore?: Instant | undefined;
};

type Search = DeviceFilters & {
  readonly orgId: string;
  readonly limit: number;
  /** Where the previous page ended; null: the first page. */
  readonly after: DevicePlace | null;
};

/**
 * Returns the issuers with active devices that the organization holds, and the organization itself: a fingerprint is
 * stored under another hash for each issuer. Returns at most 100 others. For asTenant of the same organization.
 */
export const deviceIssuers = async (db: PoolClient, orgId: string): Promise<readonly string[]> => {
  const { rows } = await db.query<[string]>({
    name: 'device-issuers',
    // One look-up in the index for each issuer, however many devices it has.
    text: `with recursive issuers (id) as (
        (select issuer_org_id from rm.activations where holder_org_id = $1 and deactivated_at is null
          order by issuer_org_id limit 1)
        union all
        select (select a.issuer_org_id from rm.activations a
          where a.holder_org_id = $1 and a.deactivated_at is null and a.issuer_org_id > i.id
          order by a.issuer_org_id limit 1)
        from issuers i where i.id is not null)
      select id from issuers where id is not null limit $2`,
    values: [orgId, issuersMax],
    rowMode: 'array',
  });
  return [...new Set([orgId, ...rows.map(([issuer]) => issuer)])];
};

const issuersMax = 100;

/**
 * Returns a page of the active devices of all licenses that an organization issues or holds, by their activation,
 * newest first. Devices that are activated meanwhile do not shift a page. `walkMax`: how many devices of each side are
 * looked up one by one for `seenBefore` alone; then all contacts are read at once. For asTenant of the same
 * organization.
 */
export const searchDevices = async (
  db: PoolClient,
  search: Search,
  walkMax = walkMaxDefault,
): Promise<readonly ActivationView[]> => {
  const { seenBefore, fingerprintHashes, name, limit } = search;
  // A fingerprint or a name leaves few devices.
  if (seenBefore === undefined || fingerprintHashes !== undefined || name !== undefined) return readDevices(db, search);
  const walkedTo = await endOfWalk(db, search, walkMax);
  const near = await readDevices(db, { ...search, newerThan: walkedTo });
  // Every other device is older than these.
  if (walkedTo === null || near.length === limit) return near;
  return devicesByIds(db, await idsAtOnce(db, search));
};

const walkMaxDefault = 5_000;

type Walk = Search & {
  /** Only devices that were activated later; null or absent: all. */
  readonly newerThan?: Instant | null;
};

const readDevices = async (db: PoolClient, search: Walk): Promise<readonly ActivationView[]> => {
  const { page, values } = pageQuery(search);
  const { rows } = await db.query<unknown[]>({ text: allFieldsOf(page), values, rowMode: 'array' });
  return rows.map(readActivation);
};

const devicesByIds = async (db: PoolClient, ids: readonly string[]): Promise<readonly ActivationView[]> => {
  const devices = '(select * from rm.activations where activation_id = any($1) and deactivated_at is null)';
  const { rows } = await db.query<unknown[]>({ text: allFieldsOf(devices), values: [ids], rowMode: 'array' });
  return rows.map(readActivation);
};

const allFieldsOf = (devices: string): string =>
  `${selectActivations(devices)} order by a.activated_at desc, a.activation_id desc`;

/**
 * Returns the ids of a page. Postgres reads all contacts of the organization once, in place of a lookup for each
 * device: a third of the time when nearly all devices were seen since.
 */
const idsAtOnce = async (db: PoolClient, search: Search): Promise<readonly string[]> => {
  const { page, values } = pageQuery(search);
  await db.query(`select set_config('enable_nestloop', 'off', true)`);
  const { rows } = await db.query<[string]>({
    text: `select a.activation_id from ${page} a`,
    values,
    rowMode: 'array',
  });
  await db.query(`select set_config('enable_nestloop', 'on', true)`);
  return rows.map(([id]) => id);
};

/**
 * Returns when the device was activated at which a walk of `walkMax` devices ends, on the side where it ends first.
 * Returns null when no side has so many.
 */
const endOfWalk = async (db: PoolClient, search: Search, walkMax: number): Promise<Instant | null> => {
  const values: unknown[] = [search.orgId, walkMax];
  const { seenBefore: _, ...others } = search;
  const filters = filtersOf({ ...others, activatedBefore: search.seenBefore }, values);
  const end = (owner: string) => `(select a.activated_at from rm.activations a where ${owner} and ${filters}
    order by a.activated_at desc, a.activation_id desc offset $2 limit 1)`;
  const { rows } = await db.query<[string | null]>({
    text: `select ${epochMs(`greatest(${end(sides.issuer)}, ${end(sides.holder)})`)}`,
    values,
    rowMode: 'array',
  });
  const ms = rows[0]?.[0] ?? null;
  return ms === null ? null : fromMs(Number(ms));
};

/** Returns SQL that adds `values`, for the conditions on an activation `a`. */
const filtersOf = (
  { after, fingerprintHashes, platform, seenBefore, activatedBefore, newerThan = null }: Conditions,
  values: unknown[],
): string => {
  const parameter = (value: unknown) => `$${values.push(value)}`;
  return [
    'a.deactivated_at is null',
    after === null
      ? []
      : `(a.activated_at, a.activation_id) < (${parameter(after.activatedAt)}::timestamptz, ${parameter(after.activationId)})`,
    fingerprintHashes === undefined
      ? []
      : `a.fingerprint_hash = any(${parameter(fingerprintHashes.map((hash) => Buffer.from(hash, 'hex')))}::bytea[])`,
    platform === undefined ? [] : `a.platform = ${parameter(platform)}`,
    seenBefore === undefined ? [] : unseenSince(`${parameter(seenBefore)}::timestamptz`),
    activatedBefore === undefined ? [] : `a.activated_at < ${parameter(activatedBefore)}::timestamptz`,
    newerThan === null ? [] : `a.activated_at > ${parameter(newerThan)}::timestamptz`,
  ]
    .flat()
    .join(' and ');
};

type Conditions = Omit<Walk, 'orgId' | 'limit' | 'name'> & { readonly activatedBefore?: Instant | undefined };

const sides = { issuer: 'a.issuer_org_id = $1', holder: 'a.holder_org_id = $1 and a.issuer_org_id <> $1' };

/** Returns SQL of the activations of a page, newest first, with its values. */
const pageQuery = ({ name, ...search }: Walk): { readonly page: string; readonly values: unknown[] } => {
  const values: unknown[] = [search.orgId, search.limit];
  const filters = filtersOf(search, values);
  const named = name === undefined ? null : `$${values.push(name)}`;

  // Postgres walks along an index for each side. One condition with "or" would prevent that.
  const side = (activationOwner: string, nameOwner: string): string =>
    named === null
      ? `(select a.* from rm.activations a where ${activationOwner} and ${filters} ${newestFirst})`
      : `(select a.* from vault.personal_values n join rm.activations a
            on a.activation_id = n.subject and a.name_ref = n.ref
          where n.kind = 'DEVICE_NAME' and ${nameOwner} and n.value = ${named}
            and ${activationOwner} and ${filters} ${newestFirst})`;
  const both = [side(sides.issuer, 'n.issuer_org_id = $1'), side(sides.holder, 'n.holder_org_id = $1')];
  return { page: `(select * from (${both.join(' union all ')}) a ${newestFirst})`, values };
};

const newestFirst = 'order by a.activated_at desc, a.activation_id desc limit $2';

// A device without a sighting was last seen at its activation. Heartbeats make sightings too, so leases need not be
// read.
const unseenSince = (instant: string): string => `a.activated_at < ${instant}
  and not exists (select from ops.device_sightings s
    where (s.issuer_org_id, s.license_id, s.fingerprint_hash) = (a.issuer_org_id, a.license_id, a.fingerprint_hash)
      and s.last_seen_at >= ${instant})`;
