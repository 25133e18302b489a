import type { PoolClient } from 'pg';
import type { Instant } from '../../domain/time.ts';
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
 * newest first. Devices that are activated meanwhile do not shift a page. For asTenant of the same organization.
 */
export const searchDevices = async (db: PoolClient, search: Search): Promise<readonly ActivationView[]> => {
  const { orgId, limit, after, fingerprintHashes, name, platform, seenBefore } = search;
  const values: unknown[] = [orgId, limit];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const filters = [
    'a.deactivated_at is null',
    after === null
      ? []
      : `(a.activated_at, a.activation_id) < (${parameter(after.activatedAt)}::timestamptz, ${parameter(after.activationId)})`,
    fingerprintHashes === undefined
      ? []
      : `a.fingerprint_hash = any(${parameter(fingerprintHashes.map((hash) => Buffer.from(hash, 'hex')))}::bytea[])`,
    platform === undefined ? [] : `a.platform = ${parameter(platform)}`,
    seenBefore === undefined ? [] : unseenSince(`${parameter(seenBefore)}::timestamptz`),
  ]
    .flat()
    .join(' and ');
  const named = name === undefined ? null : parameter(name);

  // Postgres walks along an index for each side. One condition with "or" would prevent that.
  const side = (activationOwner: string, nameOwner: string): string =>
    named === null
      ? `(select a.* from rm.activations a where ${activationOwner} and ${filters} ${newestFirst})`
      : `(select a.* from vault.personal_values n join rm.activations a
            on a.activation_id = n.subject and a.name_ref = n.ref
          where n.kind = 'DEVICE_NAME' and ${nameOwner} and n.value = ${named}
            and ${activationOwner} and ${filters} ${newestFirst})`;
  const sides = [
    side('a.issuer_org_id = $1', 'n.issuer_org_id = $1'),
    side('a.holder_org_id = $1 and a.issuer_org_id <> $1', 'n.holder_org_id = $1'),
  ];
  const { rows } = await db.query<unknown[]>({
    text: `${selectActivations(`(select * from (${sides.join(' union all ')}) a ${newestFirst})`)}
      order by a.activated_at desc, a.activation_id desc`,
    values,
    rowMode: 'array',
  });
  return rows.map(readActivation);
};

const newestFirst = 'order by a.activated_at desc, a.activation_id desc limit $2';

// A device without a sighting was last seen at its activation. Heartbeats make sightings too, so leases need not be
// read.
const unseenSince = (instant: string): string => `a.activated_at < ${instant}
  and not exists (select from ops.device_sightings s
    where (s.issuer_org_id, s.license_id, s.fingerprint_hash) = (a.issuer_org_id, a.license_id, a.fingerprint_hash)
      and s.last_seen_at >= ${instant})`;
