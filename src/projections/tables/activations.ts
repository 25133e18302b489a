import type { PoolClient } from 'pg';
import type { LicenseEvent } from '../../domain/license/events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Row, Table } from './rows.ts';

/** `rm.activations`: one row per activation, open or closed (db/read-models/030-activations.sql). */
export const activations: Table = {
  name: 'activations',
  key: ['activation_id'],
  group: { by: ['license_id'], end: 'deactivated_at' },
  columns: {
    ...{ activation_id: 'text', issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text' },
    ...{ fingerprint_hash: 'bytea', components: 'jsonb', product: 'text', user_ref: 'text', environment: 'text' },
    ...{ name_ref: 'text', platform: 'text', app_version: 'text', overage: 'boolean' },
    ...{ revision: 'bigint', activated_at: 'timestamptz', deactivated_at: 'timestamptz', cause: 'text' },
  },
};

/** Whose a part of a license is: the license's own issuer and holder. */
export type PartOwner = {
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly licenseId: string;
};

type Data<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>['data'];

/** The row of an activation when it is made, by the event of this revision. */
export const activationRow = (
  owner: PartOwner,
  recording: Data<'ActivationRecorded'>,
  activatedAt: Instant,
  revision: bigint,
): Row => ({
  activation_id: recording.activationId,
  issuer_org_id: owner.issuerOrgId,
  holder_org_id: owner.holderOrgId,
  license_id: owner.licenseId,
  fingerprint_hash: `\\x${recording.fingerprintHash}`,
  components: recording.components ?? {},
  product: recording.product,
  user_ref: recording.userRef ?? null,
  environment: recording.environment ?? null,
  name_ref: recording.nameRef,
  platform: recording.platform,
  app_version: recording.appVersion,
  overage: recording.overage,
  revision: `${revision}`,
  activated_at: activatedAt,
  deactivated_at: null,
  cause: null,
});

/** What the end of an activation changes. */
export const deactivation = ({ activationId, cause }: Data<'ActivationDeactivated'>, deactivatedAt: Instant): Row => ({
  activation_id: activationId,
  deactivated_at: deactivatedAt,
  cause,
});

/** An open activation as the API shows it. `name` null: none was given, or it was erased. */
export type ActivationView = {
  readonly activationId: string;
  readonly licenseId: string;
  readonly product: string | null;
  readonly name: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  readonly activatedAt: Instant;
};

/** The open activations of a license that the tenant of `db` issues or holds, newest first, after the given one. */
export const activationsOf = async (
  db: PoolClient,
  licenseId: string,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<readonly ActivationView[]> => {
  const { rows } = await db.query<Omit<ActivationView, 'activatedAt'> & { activatedAt: string }>({
    name: 'activations-of',
    text: `select a.activation_id as "activationId", a.license_id as "licenseId", a.product, v.value as name, a.platform,
        a.app_version as "appVersion", ${epochMs('a.activated_at')} as "activatedAt"
      from rm.activations a left join vault.personal_values v on v.ref = a.name_ref
      where a.license_id = $1 and a.deactivated_at is null
        and ($3::text is null or (a.activated_at, a.activation_id) <
          (select c.activated_at, c.activation_id from rm.activations c where c.activation_id = $3))
      order by a.activated_at desc, a.activation_id desc limit $2`,
    values: [licenseId, limit, after],
  });
  return rows.map((row) => ({ ...row, activatedAt: fromMs(Number(row.activatedAt)) }));
};
