import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { noteAccessChange } from '../../../src/identity/access/access-changes.ts';
import { asUser } from '../../../src/identity/as-user.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { transaction } from '../../../src/postgres/transaction.ts';
import { noteLeftOut } from '../../../src/projections/parked.ts';
import { storeUserName } from '../../../src/records/assigned-user-names.ts';
import { noteHeartbeat } from '../../../src/records/lease-liveness.ts';
import { queueMail } from '../../../src/records/mails.ts';
import { storeMemberLabel } from '../../../src/records/member-labels.ts';
import { storeSeatHolder } from '../../../src/records/seat-holders.ts';
import { createStreamSnapshots } from '../../../src/records/stream-snapshots.ts';
import { pauseLicenses } from '../../../src/records/sweep-pauses.ts';
import { takeTurn } from '../../../src/records/turns.ts';
import { storeMetadata, storeValues } from '../../../src/records/vault.ts';
import { rowSecurity } from '../../../src/row-security.ts';
import { createLog, customer, rival, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { oneUse } from '../../support/one-use.ts';
import { createReadModels, project, readModels } from '../../support/read-models.ts';
import { catalogLife, organizationLife } from '../../support/stream-fixtures.ts';
import { fillPack, fillTree } from './fill-logs.ts';

type Models = Awaited<ReturnType<typeof createReadModels>>;
type Tenant = { readonly org: string; readonly name: string; readonly licenseId: string };

export const [ann, ben] = [testId('usr', 'ann'), testId('usr', 'ben')];

/**
 * Creates a database with two vendors and two users that have the same kinds of rows in every table. Row-level security
 * must hide the rows of the one from the other. `customer` holds a license of the rival.
 */
export const createTenants = async () => {
  const models = await createReadModels();
  await fillOrganizations(models);
  await fillUsers(models);
  return { models, relations: await readRelations(models), attempt: attemptIn(models) };
};

const fillOrganizations = async (models: Models): Promise<void> => {
  const ledger = createLog();
  for (const [org, name] of [
    [vendor, 'vendor'],
    [rival, 'rival'],
  ] as const) {
    ledger.organization(org, name);
    ledger.happen(`organization-${org}`, organizationLife(name));
    ledger.happen(`organization-${org}`, [{ type: 'IssuerTrusted', data: { issuerOrgId: customer } }]);
    ledger.happen(`catalog-${org}`, catalogLife(org));
    const licenseId = ledger.issue(name, { issuerOrgId: org, seats: 1, users: 1, meters: { builds: 9 } });
    ledger.activate(licenseId, `${name}'s device`);
    ledger.send(licenseId, { type: 'AssignUser', data: { userRef: testId('usr', name) } });
    const use = { meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: testInstant(0) };
    ledger.send(licenseId, { type: 'RecordUsage', data: oneUse({ ...use, quantity: 3 }) });
    const correction = { ...use, usageId: 'c1', corrects: 'u1', quantity: -1, commandId: 'command-c1' };
    const { meter, ...entry } = correction;
    ledger.send(licenseId, { type: 'RecordUsage', data: { meter, entries: [entry] } });
    ledger.send(licenseId, {
      type: 'OfferLicense',
      data: { toHolderOrgId: customer, expiry: 'KEEP', activations: 'KEEP' },
    });
    const lease = {
      leaseId: testId('lea', `lease of ${name}`),
      holderHash: testHash(name),
      product: 'local_cli',
      userRef: null,
    };
    ledger.send(licenseId, { type: 'AcquireLease', data: { ...lease, borrowSeconds: null, dead: [] } });
    await asTenant(models.api, org, (db) => fill(db, { org, name, licenseId }), { readOnly: false });
    await saveSnapshot(models, org);
    await fillTree(models, org);
    await fillPack(models, org);
  }
  ledger.issue('held', { issuerOrgId: rival, holderOrgId: customer });
  await project(models.projector, ledger.log);
  const { rows } = await models.superuser.query<{ license_id: string }>('select license_id from rm.licenses');
  await pauseLicenses(
    models.worker,
    rows.map((row) => ({ licenseId: row.license_id, revision: 0n, nextDueAt: null })),
    { now: testInstant(0), seconds: 60 },
  );
  const parked = ledger.log.filter(({ stream, revision }) => stream.startsWith('license-') && revision === 1n);
  await transaction(models.projector, 'begin', (db) => noteLeftOut(db, readModels, parked));
};

const fill = async (db: PoolClient, { org, name, licenseId }: Tenant): Promise<void> => {
  const owner = { issuerOrgId: org, holderOrgId: null };
  const deviceName = { ...owner, kind: 'DEVICE_NAME', subject: licenseId, value: name } as const;
  await storeValues(db, `license-${licenseId}`, [{ ...deviceName, ref: testId('ref', name) }]);
  await storeMetadata(
    db,
    { licenseId, ...owner, metadata: { note: name }, createdAt: testInstant(0) },
    { revision: 1n, unlessLater: false },
  );
  await db.query(
    `insert into ops.idempotency (issuer_org_id, principal, operation, idempotency_key, request_hash, command_id, locked_until)
     values ($1, 'key', 'issue', 'same', 'hash', 'command', now())`,
    [org],
  );
  await noteHeartbeat(
    db,
    { ...owner, licenseId },
    { leaseId: testId('lea', `lease of ${name}`), seenAt: testInstant(0) },
  );
  const seat = { leaseId: testId('lea', `lease of ${name}`), name, endedBefore: testInstant(0) };
  await storeSeatHolder(db, { ...owner, licenseId }, seat);
  const assigned = { organizationId: org, licenseId, userRef: testId('usr', name) };
  await storeUserName(db, assigned, { name, at: testInstant(0) });
  await db.query('insert into ops.license_check_ins values ($1, $2, now())', [org, licenseId]);
  await db.query(
    'insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id) values ($1, $2, $3, $4, $5)',
    [testId('key', name), name, org, Buffer.from(testHash(name), 'hex'), 'secret-1'],
  );
  await db.query(
    `insert into identity.api_key_secrets (secret_ref, api_key_id, lookup_id, issuer_org_id, hash, secret_id)
     values ($1, $1, $1, $2, $3, 'secret-1')`,
    [`second ${name}`, org, Buffer.from(testHash(name), 'hex')],
  );
  await fillObserved(db, org, licenseId);
  await noteAccessChange(db, org, 0n);
  await takeTurn(db, { organizationId: org, key: 'same', token: 'command', attempt: randomUUID() });
  await storeMemberLabel(db, { organizationId: org, userId: ann, invitationId: null }, name);
  const mail = { issuerOrgId: org, mailId: name, kind: 'INVITATION', sealed: null, now: new Date(0) } as const;
  await queueMail(db, mail);
};

const fillObserved = async (db: PoolClient, org: string, licenseId: string): Promise<void> => {
  await db.query(`insert into ops.validation_counts values ($1, $2, now(), '', '', 1, 0, now())`, [org, licenseId]);
  await db.query(`insert into ops.validation_days values ($1, now(), '', 1, 0)`, [org]);
  await db.query(
    `insert into ops.device_sightings (issuer_org_id, license_id, fingerprint_hash, last_seen_at)
     values ($1, $2, 'hash', now())`,
    [org, licenseId],
  );
  await db.query(
    `insert into ops.license_denials (issuer_org_id, license_id, code, device, minute, denied_at)
     values ($1, $2, 'EXPIRED', '', now(), now())`,
    [org, licenseId],
  );
};

const saveSnapshot = async (models: Models, org: string): Promise<void> => {
  const anchor = { revision: 499n, eventId: 'event', hash: testHash(org), recordedAt: testInstant(0) };
  await createStreamSnapshots(models.api).save(
    { issuerOrgId: org, stream: `organization-${org}`, fold: 'organization-1' },
    [
      {
        ...anchor,
        previousRevision: -1n,
        previousHash: testHash(''),
        earliestAt: testInstant(0),
        facts: null,
        whole: Buffer.from('whole'),
      },
    ],
  );
};

const fillUsers = async (models: Models): Promise<void> => {
  for (const [userId, name] of [
    [ann, 'ann'],
    [ben, 'ben'],
  ] as const)
    await asUser(models.api, userId, async (db) => {
      await db.query(
        `insert into identity.users (user_id, email, password_hash, state, command_id, created_at, activated_at)
        values ($1, $2, 'hash', 'active', 'command', now(), now())`,
        [userId, `${name}@Vendor.example`],
      );
      await db.query(
        `insert into identity.sessions (session_id, user_id, created_at, last_used_at, expires_at, absolute_expires_at)
        values ($1, $2, now(), now(), now(), now())`,
        [testId('ses', name), userId],
      );
      await db.query(
        `insert into identity.refresh_tokens (token_hash, session_id, user_id, created_at, expires_at)
        values ($1, $2, $3, now(), now())`,
        [Buffer.from(testHash(name), 'hex'), testId('ses', name), userId],
      );
      await db.query(
        `insert into identity.password_resets (reset_id, user_id, created_at, expires_at) values ($1, $2, now(), now())`,
        [name, userId],
      );
      await db.query(
        `insert into identity.login_devices (token_hash, user_id, created_at, expires_at) values ($1, $2, now(), now())`,
        [Buffer.from(testHash(name), 'hex'), userId],
      );
      await db.query(
        `insert into identity.organization_places (user_id, organization_id, taken_at) values ($1, $2, now())`,
        [userId, vendor],
      );
    });
};

/**
 * Reads every table and view of our schemas from the catalog. `owned`: its rows belong to an organization or a user.
 */
const readRelations = async (models: Models) => {
  const { rows } = await models.superuser.query<{ name: string; owned: boolean; columns: string }>(
    `select n.nspname || '.' || c.relname as name,
      bool_or(a.attname = 'issuer_org_id') or n.nspname || '.' || c.relname = any($1) as owned,
      string_agg(a.attname, ', ') filter (where a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not a.attisdropped
    group by 1, n.nspname, c.relname order by 1`,
    [rowSecurity.userOwned],
  );
  return rows;
};

/** Returns a function that runs a statement as an organization, a user or nobody (null), and rolls it back. */
const attemptIn =
  (models: Models) =>
  async (tenant: string | null, sql: string, values: readonly unknown[] = []) => {
    const db = await models.api.connect();
    try {
      await db.query('begin');
      const setting = tenant === ann || tenant === ben ? 'app.user_id' : 'app.org_id';
      if (tenant !== null) await db.query('select set_config($1, $2, true)', [setting, tenant]);
      return await db.query(sql, [...values]);
    } finally {
      await db.query('rollback');
      db.release();
    }
  };

export type Operation = 'select' | 'insert' | 'update' | 'delete';

/**
 * The operations of ledger_api on rows of its own organization or user. It may only read the tables of rm that are
 * missing here.
 */
export const allowedBeyondReading: Readonly<Record<string, readonly Operation[]>> = {
  'rm.license_keys': [],
  // Two of its columns may be updated too, but none that names the owner of a row.
  'identity.api_keys': ['select', 'insert', 'delete'],
  'identity.api_key_secrets': ['select', 'insert', 'delete'],
  'identity.access_changes': ['select', 'insert', 'update'],
  'identity.member_labels': ['select', 'insert', 'update', 'delete'],
  'identity.users': ['select', 'insert', 'update', 'delete'],
  'identity.sessions': ['select', 'insert', 'update'],
  'identity.refresh_tokens': ['select', 'insert', 'update'],
  'identity.password_resets': ['select', 'insert', 'update'],
  'identity.login_devices': ['select', 'insert', 'update', 'delete'],
  'identity.organization_places': ['select', 'insert', 'update', 'delete'],
  'vault.personal_values': ['select', 'insert', 'update', 'delete'],
  'vault.license_metadata': ['select', 'insert', 'update', 'delete'],
  'vault.license_metadata_values': ['select', 'insert', 'delete'],
  'vault.seat_holders': ['select', 'insert', 'update', 'delete'],
  'vault.assigned_users': ['select', 'insert', 'update', 'delete'],
  'ops.idempotency': ['select', 'insert', 'update', 'delete'],
  'ops.vault_references': ['select', 'insert', 'update', 'delete'],
  'ops.parked_owners': ['select'],
  'ops.lease_liveness': ['select', 'insert', 'update'],
  'ops.validation_counts': ['select', 'insert', 'update'],
  'ops.validation_days': ['select', 'insert', 'update'],
  'ops.device_sightings': ['select', 'insert', 'update'],
  'ops.license_denials': ['select', 'insert', 'delete'],
  'ops.license_check_ins': ['select', 'insert', 'update'],
  'ops.sweep_pauses': [],
  'ops.turns': ['select', 'insert', 'update', 'delete'],
  // Like identity.api_keys: columns that queue a mail again, but not its owner.
  'ops.mails': ['select', 'insert'],
  'ops.stream_snapshots': ['select', 'insert', 'update', 'delete'],
  'ops.audit_packs': ['select', 'insert', 'delete'],
  'ops.audit_pack_parts': ['select'],
  'ops.log_trees': ['select'],
  'ops.log_tiles': ['select'],
  'ops.log_checkpoints': ['select'],
  'ops.log_keys': ['select'],
  'ops.log_cosignatures': ['select'],
  'ops.log_demands': ['select', 'insert'],
  'ops.log_growth': [],
};
/** The operations of ledger_api on tables that belong to no organization or user. */
export const allowedWithoutTenant: Readonly<Record<string, readonly Operation[]>> = {
  'ops.first_organization': [],
  'ops.last_backup': ['select'],
  'ops.last_restore': [],
  'ops.last_verification': [],
  'ops.served_log': ['select', 'insert'],
  'ops.log_installation': [],
  'ops.migrations': [],
  'ops.checkpoints': ['select'],
  'ops.parked': [],
  'ops.parked_keys': [],
  // The processes of the operator, which no organization is told about.
  'ops.processes': ['select', 'insert', 'update', 'delete'],
  'ops.projection_versions': ['select'],
  'ops.secrets': [],
  'ops.secret_holders': [],
};

/** Returns the operations of ledger_api on a table. */
export const allowedOn = (name: string): readonly Operation[] =>
  allowedBeyondReading[name] ?? (name.startsWith('rm.') ? ['select'] : (allowedWithoutTenant[name] ?? []));
