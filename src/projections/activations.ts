import type { PoolClient } from 'pg';
import type { DeactivationCause, LicenseEvent } from '../domain/license/events.ts';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs, type Row, type Table } from './rows.ts';

/** `rm.activations`: one row per activation, open or closed (db/read-models/030-activations.sql). */
export const activations: Table = {
  name: 'rm.activations',
  key: ['activation_id'],
  columns: {
    ...{ activation_id: 'text', issuer_org_id: 'text', holder_org_id: 'text', license_id: 'text' },
    ...{ fingerprint_hash: 'bytea', product: 'text', name_ref: 'text', platform: 'text', app_version: 'text' },
    ...{ activated_at: 'timestamptz', deactivated_at: 'timestamptz', cause: 'text' },
  },
};

type Recording = Extract<LicenseEvent, { type: 'ActivationRecorded' }>['data'];
type Owner = { readonly issuerOrgId: string; readonly holderOrgId: string | null; readonly licenseId: string };

/** The row of an activation when it is made. */
export const activationRow = (owner: Owner, recording: Recording, activatedAt: Instant): Row => ({
  activation_id: recording.activationId,
  issuer_org_id: owner.issuerOrgId,
  holder_org_id: owner.holderOrgId,
  license_id: owner.licenseId,
  fingerprint_hash: `\\x${recording.fingerprintHash}`,
  product: recording.product,
  name_ref: recording.nameRef,
  platform: recording.platform,
  app_version: recording.appVersion,
  activated_at: activatedAt,
  deactivated_at: null,
  cause: null,
});

/** What the end of an activation changes in its row. */
export type Closing = {
  readonly activation_id: string;
  readonly deactivated_at: Instant;
  readonly cause: DeactivationCause;
};

/** The columns that a closing sets. */
export const closingColumns: readonly string[] = ['deactivated_at', 'cause'];

/** The holder that open activations get with their license. `closedBefore`: those that are closed by then, if not yet here. */
export type Transfer = {
  readonly licenseId: string;
  readonly holderOrgId: string | null;
  readonly closedBefore: readonly string[];
};

/** Gives the open activations of a license to its new holder; closed ones stay with whom they were. As ledger_projector. */
export const transferActivations = async (db: PoolClient, transfer: Transfer): Promise<void> => {
  await db.query({
    name: 'transfer-activations',
    text: `update rm.activations set holder_org_id = $2
      where license_id = $1 and deactivated_at is null and activation_id <> all($3)`,
    values: [transfer.licenseId, transfer.holderOrgId, transfer.closedBefore],
  });
};

/** The row of an activation after a transfer. */
export const transferredRow = (row: Row, { licenseId, holderOrgId, closedBefore }: Transfer): Row =>
  row.license_id === licenseId && row.deactivated_at === null && !closedBefore.includes(String(row.activation_id))
    ? { ...row, holder_org_id: holderOrgId }
    : row;

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
