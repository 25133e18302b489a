import pg, { type PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../../src/projections/tenant.ts';
import { storeMetadata, storeValue } from '../../src/projections/vault.ts';
import { createLog, customer, rival, testHash, testId, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';

// Two vendors with the same kinds of rows each. Whatever one does, the other's rows are not there.
let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  const ledger = createLog();
  for (const [org, name] of [
    [vendor, 'vendor'],
    [rival, 'rival'],
  ] as const) {
    ledger.organization(org, name);
    const licenseId = ledger.issue(name, { issuerOrgId: org });
    ledger.activate(licenseId, `${name}'s device`);
    await asTenant(models.api, org, (db) => fill(db, org, name, licenseId), { readOnly: false });
  }
  ledger.issue('held', { issuerOrgId: rival, holderOrgId: customer });
  await project(models.projector, ledger.log);
});
afterAll(() => models.drop());

const fill = async (db: PoolClient, org: string, name: string, licenseId: string) => {
  const owner = { issuerOrgId: org, holderOrgId: null };
  await storeValue(db, { ref: testId('ref', name), ...owner, kind: 'DEVICE_NAME', subject: licenseId, value: name });
  await storeMetadata(db, { licenseId, ...owner, metadata: { note: name } });
  await db.query(
    `insert into ops.idempotency (issuer_org_id, principal, operation, idempotency_key, request_hash, command_id, locked_until)
     values ($1, 'key', 'issue', 'same', 'hash', 'command', now())`,
    [org],
  );
  await db.query(
    'insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id) values ($1, $2, $3, $4, $5)',
    [testId('key', name), name, org, Buffer.from(testHash(name), 'hex'), 'secret-1'],
  );
};

type TableCase = {
  readonly table: string;
  /** What ledger_api may do with its own organization's rows; all else is refused outright. */
  readonly allowed: readonly ('select' | 'insert' | 'update' | 'delete')[];
  readonly count: string;
  readonly update: string;
};
const tables: readonly TableCase[] = [
  { table: 'rm.licenses', allowed: ['select'], count: '*', update: 'activations = 0' },
  { table: 'rm.license_keys', allowed: [], count: '*', update: `hint = 'x'` },
  { table: 'rm.activations', allowed: ['select'], count: '*', update: `platform = 'x'` },
  { table: 'rm.license_events', allowed: ['select'], count: '*', update: `type = 'x'` },
  { table: 'rm.organizations', allowed: ['select'], count: '*', update: `name = 'x'` },
  { table: 'rm.api_keys', allowed: ['select'], count: '*', update: `name = 'x'` },
  { table: 'identity.api_keys', allowed: ['select', 'insert'], count: 'api_key_id', update: 'last_used_at = now()' },
  {
    table: 'vault.personal_values',
    allowed: ['select', 'insert', 'update', 'delete'],
    count: '*',
    update: `value = 'x'`,
  },
  {
    table: 'vault.license_metadata',
    allowed: ['select', 'insert', 'update', 'delete'],
    count: '*',
    update: `metadata = '{}'`,
  },
  { table: 'ops.idempotency', allowed: ['select', 'insert', 'update', 'delete'], count: '*', update: `body = 'x'` },
];

/** Runs a statement as an organization, null: as none, and takes back what it did. */
const attempt = async (org: string | null, sql: string, values: readonly unknown[] = []) => {
  const db = await models.api.connect();
  try {
    await db.query('begin');
    if (org !== null) await db.query("select set_config('app.org_id', $1, true)", [org]);
    return await db.query(sql, [...values]);
  } finally {
    await db.query('rollback');
    db.release();
  }
};

describe.each(tables)('$table', ({ table, allowed, count, update }) => {
  const may = (what: TableCase['allowed'][number]) => allowed.includes(what);
  const countOf = `select count(${count})::int as rows from ${table} where issuer_org_id = $1`;
  /** A row of an organization, as an insert of the same once more. */
  const copyOf = async (org: string) => {
    const { rows } = await models.superuser.query<{ row: string }>(
      `select to_json(t)::text as row from ${table} t where issuer_org_id = $1 limit 1`,
      [org],
    );
    return {
      sql: `insert into ${table} select * from json_populate_record(null::${table}, $1::json)`,
      values: [rows[0]?.row],
    };
  };

  test('has a row of each tenant, so that there is something to hide', async () => {
    for (const org of [vendor, rival]) {
      const { rows } = await models.superuser.query(`select from ${table} where issuer_org_id = $1`, [org]);
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  test('SELECT shows the own rows, and none of another tenant', async () => {
    if (!may('select')) return expect(attempt(vendor, countOf, [vendor])).rejects.toThrow('permission denied');
    expect((await attempt(vendor, countOf, [vendor])).rows[0].rows).toBeGreaterThan(0);
    expect((await attempt(vendor, countOf, [rival])).rows).toEqual([{ rows: 0 }]);
    const seen = await attempt(vendor, `select distinct issuer_org_id from ${table}`);
    expect(seen.rows).toEqual([{ issuer_org_id: vendor }]);
  });

  test('SELECT without a tenant shows nothing, on a new and on a used connection', async () => {
    const countAll = `select count(${count})::int as rows from ${table}`;
    if (!may('select')) return expect(attempt(null, countAll)).rejects.toThrow('permission denied');
    await attempt(vendor, 'select 1');
    for (const org of [null, '']) expect((await attempt(org, countAll)).rows).toEqual([{ rows: 0 }]);
  });

  test('INSERT for another tenant is refused, and without a tenant', async () => {
    const { sql, values } = await copyOf(rival);
    const refusal = may('insert') ? 'row-level security' : 'permission denied';
    await expect(attempt(vendor, sql, values)).rejects.toThrow(refusal);
    await expect(attempt(null, sql, values)).rejects.toThrow(refusal);
  });

  test('UPDATE does not reach another tenant’s rows', async () => {
    const sql = `update ${table} set ${update} where issuer_org_id = $1`;
    if (!may('update')) return expect(attempt(vendor, sql, [rival])).rejects.toThrow('permission denied');
    expect((await attempt(vendor, sql, [vendor])).rowCount).toBe(1);
    expect((await attempt(vendor, sql, [rival])).rowCount).toBe(0);
    expect((await attempt(null, `update ${table} set ${update}`)).rowCount).toBe(0);
  });

  test('UPDATE cannot give a row away', async () => {
    const sql = `update ${table} set issuer_org_id = $2 where issuer_org_id = $1`;
    await expect(attempt(vendor, sql, [vendor, rival])).rejects.toThrow(/row-level security|permission denied/);
  });

  test('DELETE does not reach another tenant’s rows', async () => {
    const sql = `delete from ${table} where issuer_org_id = $1`;
    if (!may('delete')) return expect(attempt(vendor, sql, [rival])).rejects.toThrow('permission denied');
    expect((await attempt(vendor, sql, [vendor])).rowCount).toBe(1);
    expect((await attempt(vendor, sql, [rival])).rowCount).toBe(0);
    expect((await attempt(null, `delete from ${table}`)).rowCount).toBe(0);
  });

  test('TRUNCATE is refused', async () => {
    await expect(attempt(vendor, `truncate ${table}`)).rejects.toThrow('permission denied');
  });
});

describe('a holder', () => {
  test('sees the license it holds, with its history, and nothing else of the issuer', async () => {
    const seen = await asTenant(models.api, customer, (db) => db.query('select license_id from rm.licenses'));
    expect(seen.rows).toEqual([{ license_id: testId('lic', 'held') }]);
    const history = await asTenant(models.api, customer, (db) =>
      db.query('select distinct license_id from rm.license_events'),
    );
    expect(history.rows).toEqual([{ license_id: testId('lic', 'held') }]);
    const organizations = await asTenant(models.api, customer, (db) => db.query('select from rm.organizations'));
    expect(organizations.rowCount).toBe(0);
  });

  test('reads personal values of the license it holds, and writes none', async () => {
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

describe('roles', () => {
  test('the projector reaches rm of all organizations and its checkpoints, nothing else', async () => {
    expect((await models.projector.query('select distinct issuer_org_id from rm.licenses')).rowCount).toBe(2);
    for (const table of ['identity.api_keys', 'vault.personal_values', 'vault.license_metadata', 'ops.idempotency']) {
      await expect(models.projector.query(`select from ${table}`)).rejects.toThrow('permission denied');
    }
  });

  test('the worker reads what the sweep needs of all licenses, nothing else', async () => {
    expect((await models.worker.query('select distinct issuer_org_id from rm.licenses')).rowCount).toBe(2);
    await expect(models.worker.query('select external_ref from rm.licenses')).rejects.toThrow('permission denied');
    await expect(models.worker.query('update rm.licenses set announced_term = 1')).rejects.toThrow('permission denied');
    for (const table of [
      'rm.activations',
      'rm.license_events',
      'rm.license_keys',
      'identity.api_keys',
      'vault.personal_values',
    ]) {
      await expect(models.worker.query(`select from ${table}`)).rejects.toThrow('permission denied');
    }
  });

  test('a connection has its role from its first statement on, and its bounds', async () => {
    const { rows } = await models.api.query(
      `select current_user, current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    expect(rows).toEqual([{ current_user: 'ledger_api', statement: '5s', lock: '2s', idle: '10s' }]);
  });

  test('hashes of API keys are reached by the look-up function only', async () => {
    await expect(attempt(vendor, 'select hash from identity.api_keys')).rejects.toThrow('permission denied');
    const { rows } = await models.api.query('select * from identity.authenticate($1)', ['vendor']);
    expect(rows).toEqual([
      {
        api_key_id: testId('key', 'vendor'),
        org_id: vendor,
        hash: Buffer.from(testHash('vendor'), 'hex'),
        secret_id: 'secret-1',
        scopes: ['licenses:read'],
        revoked: false,
        expires_ms: null,
        closed: false,
      },
    ]);
    expect((await models.api.query('select * from identity.authenticate($1)', ['nobody'])).rows).toEqual([]);
  });

  test('authenticating leaves no tenant behind on the connection', async () => {
    const db = new pg.Client({ connectionString: models.url, options: '-c role=ledger_api' });
    await db.connect();
    await db.query('begin');
    await db.query('select * from identity.authenticate($1)', ['vendor']);
    expect((await db.query(`select current_setting('app.org_id', true) as org`)).rows).toEqual([{ org: '' }]);
    await db.end();
  });
});
