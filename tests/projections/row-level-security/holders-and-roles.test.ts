import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { connectionConfig } from '../../../src/projections/connect.ts';
import { noteHeartbeat } from '../../../src/records/lease-liveness.ts';
import { storeValue } from '../../../src/records/vault.ts';
import { rowSecurity } from '../../../src/row-security.ts';
import { customer, rival, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { allowedOn, ann, ben, createTenants } from './support.ts';

const { models, relations, attempt } = await createTenants();
afterAll(() => models.drop());

describe('A holder', () => {
  test('reads the heartbeats of the license it holds, and cannot record one', async () => {
    const owner = { issuerOrgId: rival, holderOrgId: customer, licenseId: testId('lic', 'held') };
    const leaseId = testId('lea', 'held');
    await asTenant(models.api, rival, (db) => noteHeartbeat(db, owner, { leaseId, seenAt: testInstant(0) }), {
      readOnly: false,
    });
    const seen = await attempt(customer, 'select lease_id from ops.lease_liveness');
    expect(seen.rows).toEqual([{ lease_id: leaseId }]);
    expect((await attempt(customer, 'update ops.lease_liveness set last_seen_at = now()')).rowCount).toBe(0);
    const note = asTenant(models.api, customer, (db) => noteHeartbeat(db, owner, { leaseId, seenAt: testInstant(1) }), {
      readOnly: false,
    });
    await expect(note).rejects.toThrow('row-level security');
  });

  test('sees the license it holds and its history, and nothing else of the issuer', async () => {
    const seen = await asTenant(models.api, customer, (db) => db.query('select license_id from rm.licenses'));
    expect(seen.rows).toEqual([{ license_id: testId('lic', 'held') }]);
    const history = await asTenant(models.api, customer, (db) =>
      db.query('select distinct license_id from rm.license_events'),
    );
    expect(history.rows).toEqual([{ license_id: testId('lic', 'held') }]);
    const parked = await asTenant(models.api, customer, (db) => db.query('select stream from ops.parked_owners'));
    expect(parked.rows).toEqual([{ stream: `license-${testId('lic', 'held')}` }]);
    const organizations = await asTenant(models.api, customer, (db) => db.query('select from rm.organizations'));
    expect(organizations.rowCount).toBe(0);
  });

  test('reads personal values of the license it holds, and cannot change them', async () => {
    const ref = testId('ref', 'held');
    const value = {
      ref,
      issuerOrgId: rival,
      holderOrgId: customer,
      kind: 'DEVICE_NAME',
      subject: 'x',
      value: 'laptop',
    } as const;
    await asTenant(models.api, rival, (db) => storeValue(db, value), { readOnly: false });
    expect((await attempt(customer, 'select value from vault.personal_values')).rows).toEqual([{ value: 'laptop' }]);
    expect((await attempt(customer, 'delete from vault.personal_values')).rowCount).toBe(0);
    expect((await attempt(customer, `update vault.personal_values set value = 'x'`)).rowCount).toBe(0);
  });
});

/** The columns that ledger_worker reads for its sweeps: ids and instants, but no content of a license and no user. */
const readableByJobs = Object.entries({
  'rm.log_entries': 'issuer_org_id log_index event_id stream revision hash recorded_at',
  'ops.log_trees': 'issuer_org_id size grown caught_up unsigned_since due_at',
  'ops.log_growth': 'issuer_org_id',
  'ops.log_installation': 'is_only name',
  'ops.log_tiles': 'issuer_org_id level tile_index hashes',
  'ops.log_checkpoints': 'issuer_org_id revision origin size root note signed_at',
  'ops.log_keys': 'issuer_org_id revision origin vkey since',
  'ops.log_cosignatures': 'issuer_org_id revision key_name key_id line cosigned_at',
  'ops.log_demands': 'issuer_org_id leaves demanded_at',
  'ops.audit_packs':
    'issuer_org_id pack_id actor_type actor_id query licenses has_leaves state tries done total byte_count created_at claimed_until waiting_since expires_at',
  'ops.audit_pack_parts': 'issuer_org_id pack_id at bytes',
}).flatMap(([table, columns]) => columns.split(' ').map((column) => `${table}.${column}`));

const readableByWorker: readonly string[] = [
  ...readableByJobs,
  ...['issuer_org_id', 'license_id', 'revision', 'due_at'].map((column) => `rm.licenses.${column}`),
  ...['unseen_days', 'suspension_reason', 'suspended_until', 'revoked_at'].map((column) => `rm.licenses.${column}`),
  ...['issuer_org_id', 'license_id', 'activation_id', 'fingerprint_hash'].map((column) => `rm.activations.${column}`),
  ...['activated_at', 'unseen_since', 'deactivates_at', 'deactivated_at', 'metadata_ref'].map(
    (column) => `rm.activations.${column}`,
  ),
  ...['holder_hash', 'scope'].map((column) => `rm.leases.${column}`),
  'ops.idempotency.created_at',
  'rm.usage_ids.recorded_at',
  'ops.license_denials.denied_at',
  ...['issuer_org_id', 'license_id', 'fingerprint_hash', 'last_seen_at'].map(
    (column) => `ops.device_sightings.${column}`,
  ),
  ...['issuer_org_id', 'license_id', 'day', 'product', 'holder_org_id'].map(
    (column) => `ops.validation_counts.${column}`,
  ),
  ...['issuer_org_id', 'day', 'product'].map((column) => `ops.validation_days.${column}`),
  'ops.turns.until',
  'identity.users.created_at',
  'identity.sessions.expires_at',
  'identity.refresh_tokens.expires_at',
  'identity.password_resets.expires_at',
  'identity.login_devices.expires_at',
  ...['issuer_org_id', 'mail_id', 'kind', 'sealed', 'created_at', 'tries', 'next_try_at', 'finished_at'].map(
    (column) => `ops.mails.${column}`,
  ),
  ...[
    'issuer_org_id',
    'license_id',
    'lease_id',
    'borrowed',
    'ttl_seconds',
    'acquired_at',
    'expires_at',
    'ended_at',
    'seat_free_at',
  ].map((column) => `rm.leases.${column}`),
  ...['issuer_org_id', 'license_id', 'lease_id', 'last_seen_at', 'ending_seen_at'].map(
    (column) => `ops.lease_liveness.${column}`,
  ),
  ...['issuer_org_id', 'license_id', 'revision', 'tries', 'until'].map((column) => `ops.sweep_pauses.${column}`),
  'ops.stream_snapshots.fold',
  'ops.stream_snapshots.saved_at',
  ...['issuer_org_id', 'ref', 'stream', 'since', 'erased'].map((column) => `ops.vault_references.${column}`),
];

describe('The role of', () => {
  const reads = (pool: pg.Pool, name: string) =>
    pool.query(`select from ${name}`).then(
      () => true,
      (error: Error) => {
        expect(error.message).toContain('permission denied');
        return false;
      },
    );

  const bookkeeping = [
    'ops.last_backup',
    'ops.last_restore',
    'ops.last_verification',
    'ops.processes',
    'ops.checkpoints',
    'ops.parked',
    'ops.parked_owners',
    'ops.log_growth',
    'ops.parked_keys',
    'ops.projection_versions',
  ];
  test('the projector reads only the read models of all organizations, its own tables, and what verify compares', async () => {
    expect((await models.projector.query('select distinct issuer_org_id from rm.licenses')).rowCount).toBe(2);
    for (const { name } of relations) {
      const isReadable =
        name.startsWith('rm.') || bookkeeping.includes(name) || rowSecurity.readableByVerify.includes(name);
      expect([name, await reads(models.projector, name)]).toEqual([name, isReadable]);
    }
  });

  test('the worker reads only the columns that its sweeps need, of all licenses', async () => {
    const due = await models.worker.query('select license_id, due_at from rm.licenses');
    expect(due.rowCount).toBe(3);
    const { rows } = await models.superuser.query<{ column: string }>(
      `select c.oid::regclass || '.' || a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.oid = any($1::regclass[]) and a.attnum > 0 and not a.attisdropped
          and has_column_privilege('ledger_worker', c.oid, a.attnum, 'select')`,
      [relations.filter(({ name, owned }) => owned || !allowedOn(name).includes('select')).map(({ name }) => name)],
    );
    expect(rows.map(({ column }) => column).toSorted()).toEqual(readableByWorker.toSorted());
    for (const name of ['rm.leases', 'ops.lease_liveness']) {
      await expect(models.worker.query(`select * from ${name}`)).rejects.toThrow('permission denied');
      const columns = readableByWorker.flatMap((column) =>
        column.startsWith(`${name}.`) ? [column.slice(name.length + 1)] : [],
      );
      expect((await models.worker.query(`select ${columns} from ${name}`)).rowCount).toBeGreaterThanOrEqual(2);
    }
    const writes = [
      'update rm.licenses set announced_term = 1',
      'delete from rm.leases',
      'delete from ops.license_check_ins',
    ];
    writes.push('update ops.lease_liveness set last_seen_at = now()');
    for (const sql of writes) await expect(models.worker.query(sql)).rejects.toThrow('permission denied');
  });

  test('the API reads hashes of API keys only through the function identity.authenticate', async () => {
    await expect(attempt(vendor, 'select hash from identity.api_keys')).rejects.toThrow('permission denied');
    const { rows } = await models.api.query('select * from identity.authenticate($1)', ['vendor']);
    expect(rows).toEqual([
      {
        api_key_id: testId('key', 'vendor'),
        org_id: vendor,
        hash: Buffer.from(testHash('vendor'), 'hex'),
        secret_id: 'secret-1',
        scopes: ['licenses:write'],
        revoked: false,
        expires_ms: null,
        closed: false,
        is_behind: false,
        behind_at: null,
      },
    ]);
    expect((await models.api.query('select * from identity.authenticate($1)', ['nobody'])).rows).toEqual([]);
  });

  test('the API reads password hashes only through identity.user_by_email, and names of other users only by id', async () => {
    await expect(attempt(ann, 'select password_hash from identity.users')).rejects.toThrow('permission denied');
    const { rows } = await models.api.query('select user_id, password_hash from identity.user_by_email($1)', [
      'ANN@vendor.EXAMPLE',
    ]);
    expect(rows).toEqual([{ user_id: ann, password_hash: 'hash' }]);
    expect((await models.api.query('select * from identity.user_by_email($1)', ['nobody'])).rows).toEqual([]);
    const profiles = await models.api.query('select user_id from identity.user_profiles($1)', [[ben, 'usr_unknown']]);
    expect(profiles.rows).toEqual([{ user_id: ben }]);
  });

  test.each([
    ['identity.authenticate($1)', ['vendor']],
    ['identity.authenticate_user($1, $2, $3)', [ann, testId('ses', 'ann'), vendor]],
    ['identity.user_profiles($1)', [[ann, ben]]],
    ['identity.note_api_key_use($1, $2, now())', [testId('key', 'vendor'), vendor]],
  ])('the API has no tenant and no user on its connection after %s', async (call, values) => {
    const db = new pg.Client(connectionConfig({ url: models.url, role: 'ledger_api' }));
    await db.connect();
    await db.query('begin');
    await db.query(`select * from ${call}`, [...values]);
    const { rows } = await db.query(
      `select coalesce(current_setting('app.org_id', true), '') || coalesce(current_setting('app.user_id', true), '') as left`,
    );
    expect(rows).toEqual([{ left: '' }]);
    await db.end();
  });
});
