import type { PoolClient } from 'pg';
import type { LicenseEvent } from '../../domain/license/events.ts';
import type { PinnedPolicy } from '../../domain/license/policy.ts';
import type { Instant } from '../../domain/time.ts';
import { columnsFor, joined, noInstantYet, notYet, rowMaker, typesOf, type View, viewOf } from './columns.ts';
import type { Table } from './rows.ts';

/** The issuer and the holder of a license, to which its parts belong. */
export type PartOwner = {
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly licenseId: string;
};

type Data<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>['data'];

/** What the row of a new activation is made of. `revision`: that of the event. */
type Recording = {
  readonly owner: PartOwner;
  readonly data: Data<'ActivationRecorded'>;
  readonly activatedAt: Instant;
  readonly revision: bigint;
};

const column = columnsFor<Recording>();
const columns = {
  activation_id: column('text', ({ data }) => data.activationId, 'activationId'),
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  holder_org_id: column('text', ({ owner }) => owner.holderOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId, 'licenseId'),
  fingerprint_hash: column('bytea', ({ data }) => data.fingerprintHash),
  components: column('jsonb', ({ data }) => data.components ?? {}),
  product: column('text', ({ data }) => data.product, 'product'),
  user_ref: column('text', ({ data }) => data.userRef ?? null, 'userRef'),
  environment: column('text', ({ data }) => data.environment ?? null, 'environment'),
  name_ref: column('text', ({ data }) => data.nameRef),
  platform: column('text', ({ data }) => data.platform, 'platform'),
  app_version: column('text', ({ data }) => data.appVersion, 'appVersion'),
  overage: column('boolean', ({ data }) => data.overage),
  revision: column('bigint', ({ revision }) => revision),
  activated_at: column('timestamptz', ({ activatedAt }) => activatedAt, 'activatedAt'),
  metadata_ref: column('text', notYet),
  unseen_since: column('timestamptz', noInstantYet),
  deactivates_at: column('timestamptz', noInstantYet),
  deactivated_at: column('timestamptz', noInstantYet),
  cause: column('text', notYet),
};

/** `rm.activations`: one row per activation, open or closed (db/read-models/030-activations.sql). */
export const activations = {
  name: 'activations',
  key: ['activation_id'],
  group: { by: ['license_id'], end: 'deactivated_at' },
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a new activation. */
export const activationRow = rowMaker(columns);

/** Returns what an update of an activation changes. What the event does not name stays. */
export const activationChange = (changes: Data<'ActivationUpdated'>) => {
  const { activationId, nameRef, platform, appVersion, components, userRef, environment } = changes;
  return {
    activation_id: activationId,
    ...(nameRef === undefined ? {} : { name_ref: nameRef }),
    ...(platform === undefined ? {} : { platform }),
    ...(appVersion === undefined ? {} : { app_version: appVersion }),
    ...(components === undefined ? {} : { components }),
    ...(userRef === undefined ? {} : { user_ref: userRef }),
    ...(environment === undefined ? {} : { environment }),
  };
};

/** Returns what administrators change of an activation. What the event does not name stays. */
export const activationDetails = ({ activationId, userRef, metadataRef }: Data<'ActivationDetailsChanged'>) => ({
  activation_id: activationId,
  ...(userRef === undefined ? {} : { user_ref: userRef }),
  ...(metadataRef === undefined ? {} : { metadata_ref: metadataRef }),
});

/** Returns what the announcement of a deactivation changes. */
export const announcedDeactivation = ({ activationId, lastSeenAt, deactivatesAt }: Data<'DeactivationAnnounced'>) => ({
  activation_id: activationId,
  unseen_since: lastSeenAt,
  deactivates_at: deactivatesAt,
});

/** Returns what the end of an activation changes. */
export const deactivation = (
  { activationId, cause }: Pick<Data<'ActivationDeactivated'>, 'activationId' | 'cause'>,
  deactivatedAt: Instant,
) => ({
  activation_id: activationId,
  deactivated_at: deactivatedAt,
  cause,
});

const name = joined<string | null>('text', 'v.value');
const metadata = joined<object>('jsonb', `coalesce(m.value, '{}')`);
const lastSeenSql = 'greatest(a.activated_at, s.last_seen_at, h.heard_at)';
const lastSeenAt = joined<Instant>('timestamptz', lastSeenSql);
// An announcement ends with the next contact, and with the rule of the license's policy.
const deactivatesAt = joined<Instant | null>(
  'timestamptz',
  `case when a.deactivates_at is not null and ${lastSeenSql} <= a.unseen_since and exists (
    select from rm.licenses r where r.license_id = a.license_id and r.unseen_days is not null) then a.deactivates_at end`,
);
const lastVersion = joined<string | null>('text', 'coalesce(s.last_version, a.app_version)');
const lastProduct = joined<string | null>('text', 'coalesce(s.last_product, a.product)');
const fingerprintUniqueness = joined<NonNullable<PinnedPolicy['fingerprintUniqueness']>>(
  'text',
  `(select coalesce(u.policy ->> 'fingerprintUniqueness', 'LICENSE') from rm.licenses u where u.license_id = a.license_id)`,
);
const view = viewOf('a', columns, {
  ...{ name, lastSeenAt, lastVersion, lastProduct, deactivatesAt, metadata },
  fingerprintUniqueness,
});

/**
 * An open activation as the API shows it. `name` is null when the device has none, or when it was erased. `lastSeenAt`:
 * its activation, its last contact (to a minute), or the last heartbeat of its seat. `lastVersion`, `lastProduct`: what
 * it named last. `deactivatesAt`: when the worker deactivates it, at the earliest, unless it is seen; null: that is not
 * announced. `metadata`: what administrators noted; empty when there is none. `fingerprintUniqueness`: that of the
 * license's policy.
 */
export type ActivationView = View<
  typeof columns,
  {
    readonly name: typeof name;
    readonly lastSeenAt: typeof lastSeenAt;
    readonly lastVersion: typeof lastVersion;
    readonly lastProduct: typeof lastProduct;
    readonly deactivatesAt: typeof deactivatesAt;
    readonly metadata: typeof metadata;
    readonly fingerprintUniqueness: typeof fingerprintUniqueness;
  }
>;

// A sighting from before the activation belongs to an earlier activation of the device.
const seenJoins = `left join vault.personal_values v on v.ref = a.name_ref
  left join vault.personal_values m on m.ref = a.metadata_ref
  left join ops.device_sightings s
    on (s.issuer_org_id, s.license_id, s.fingerprint_hash) = (a.issuer_org_id, a.license_id, a.fingerprint_hash)
      and s.last_seen_at >= a.activated_at
  left join lateral (select max(greatest(l.acquired_at, h.last_seen_at)) heard_at
    from rm.leases l left join ops.lease_liveness h
      on (h.issuer_org_id, h.license_id, h.lease_id) = (l.issuer_org_id, l.license_id, l.lease_id)
    where l.license_id = a.license_id and l.holder_hash = a.fingerprint_hash and l.scope = 'MACHINE'
      and l.ended_at is null) h on true`;

/** Returns SQL that reads activations from `from`, whose rows are those of `rm.activations` and are named `a`. */
export const selectActivations = (from: string): string => `select ${view.select} from ${from} a ${seenJoins}`;

/** Reads a row of `selectActivations`, in array row mode. */
export const readActivation = view.read;

/**
 * Returns open activations of a license that the tenant of `db` issues or holds, except some, the newest first.
 * `userRef`: only devices of this user; null: of all.
 */
export const devicesInUse = async (
  db: PoolClient,
  licenseId: string,
  {
    limit,
    except,
    userRef = null,
  }: { readonly limit: number; readonly except: readonly string[]; readonly userRef?: string | null },
): Promise<readonly ActivationView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'devices-in-use',
    text: `${selectActivations(`(select * from rm.activations
        where license_id = $1 and deactivated_at is null and activation_id <> all($3)
          and ($4::text is null or user_ref = $4)
        order by activated_at desc, activation_id desc limit $2)`)}
      order by a.activated_at desc, a.activation_id desc`,
    values: [licenseId, limit, except, userRef],
    rowMode: 'array',
  });
  return rows.map(view.read);
};

/**
 * Returns a page of the open activations of a license that the tenant of `db` issues or holds, newest first. `after`:
 * the last activation of the previous page; null: the first page. `except`: ids that are left out; absent: none.
 */
export const activationsOf = async (
  db: PoolClient,
  licenseId: string,
  {
    limit,
    after,
    except = [],
  }: { readonly limit: number; readonly after: string | null; readonly except?: readonly string[] },
): Promise<readonly ActivationView[]> => {
  const { rows } = await db.query<unknown[]>({
    name: 'activations-of',
    text: `${selectActivations(`(select * from rm.activations a
        where a.license_id = $1 and a.deactivated_at is null and a.activation_id <> all($4)
          and ($3::text is null or (a.activated_at, a.activation_id) <
            (select c.activated_at, c.activation_id from rm.activations c where c.activation_id = $3))
        order by a.activated_at desc, a.activation_id desc limit $2)`)}
      order by a.activated_at desc, a.activation_id desc`,
    values: [licenseId, limit, after, except],
    rowMode: 'array',
  });
  return rows.map(view.read);
};
