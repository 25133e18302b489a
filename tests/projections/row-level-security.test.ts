import pg, { type PoolClient } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { noteLeftOut } from '../../src/projections/parked.ts';
import { noteHeartbeat } from '../../src/projections/tables/lease-liveness.ts';
import { storeMetadata, storeValue } from '../../src/projections/tables/vault.ts';
import { asTenant } from '../../src/projections/tenant.ts';
import { transaction } from '../../src/projections/transaction.ts';
import { createLog, customer, rival, testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project, readModels } from '../support/read-models.ts';
import { catalogLife, organizationLife } from '../support/stream-fixtures.ts';

// Two vendors with the same kinds of rows each, in every table there is. Whatever one does, the other's rows are not there.
const models = await createReadModels();
afterAll(() => models.drop());

const ledger = createLog();
for (const [org, name] of [
  [vendor, 'vendor'],
  [rival, 'rival'],
] as const) {
  ledger.organization(org, name);
  ledger.happen(`organization-${org}`, organizationLife(name));
  ledger.happen(`catalog-${org}`, catalogLife(org));
  const licenseId = ledger.issue(name, { issuerOrgId: org, seats: 1, users: 1 });
  ledger.activate(licenseId, `${name}'s device`);
  ledger.send(licenseId, { type: 'AssignUser', data: { userRef: testId('usr', name) } });
  const lease = {
    leaseId: testId('lea', `lease of ${name}`),
    holderHash: testHash(name),
    product: 'local_cli',
    userRef: null,
  };
  ledger.send(licenseId, { type: 'AcquireLease', data: { ...lease, borrowSeconds: null, dead: [] } });
  await asTenant(models.api, org, (db) => fill(db, org, name, licenseId), { readOnly: false });
}
const heldId = ledger.issue('held', { issuerOrgId: rival, holderOrgId: customer });
await project(models.projector, ledger.log);
const parkedOnes = ledger.log.filter(({ stream, revision }) => stream.startsWith('license-') && revision === 1n);
await transaction(models.projector, 'begin', (db) => noteLeftOut(db, readModels, parkedOnes));

async function fill(db: PoolClient, org: string, name: string, licenseId: string): Promise<void> {
  const owner = { issuerOrgId: org, holderOrgId: null };
  await storeValue(db, { ref: testId('ref', name), ...owner, kind: 'DEVICE_NAME', subject: licenseId, value: name });
  await storeMetadata(db, { licenseId, ...owner, metadata: { note: name } });
  await db.query(
    `insert into ops.idempotency (issuer_org_id, principal, operation, idempotency_key, request_hash, command_id, locked_until)
     values ($1, 'key', 'issue', 'same', 'hash', 'command', now())`,
    [org],
  );
  await noteHeartbeat(db, { ...owner, licenseId }, testId('lea', `lease of ${name}`), testInstant(0));
  await db.query('insert into ops.license_check_ins values ($1, $2, now())', [org, licenseId]);
  await db.query(
    'insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id) values ($1, $2, $3, $4, $5)',
    [testId('key', name), name, org, Buffer.from(testHash(name), 'hex'), 'secret-1'],
  );
}

type Operation = 'select' | 'insert' | 'update' | 'delete';

/** What ledger_api may do with rows of its own organization; all else is refused outright. A table of rm is read, no more. */
const allowedBeyondReading: Readonly<Record<string, readonly Operation[]>> = {
  'rm.license_keys': [],
  'identity.api_keys': ['select', 'insert'],
  'vault.personal_values': ['select', 'insert', 'update', 'delete'],
  'vault.license_metadata': ['select', 'insert', 'update', 'delete'],
  'ops.idempotency': ['select', 'insert', 'update', 'delete'],
  'ops.parked_owners': ['select'],
  'ops.lease_liveness': ['select', 'insert', 'update'],
  'ops.license_check_ins': ['select', 'insert', 'update'],
};
/** Bookkeeping that belongs to no organization. */
const allowedWithoutTenant: Readonly<Record<string, readonly Operation[]>> = {
  'ops.migrations': [],
  'ops.checkpoints': ['select'],
  'ops.parked': [],
  'ops.projection_versions': ['select'],
};

/** Every table and view of every schema that is ours, as the catalog has them. */
const { rows: relations } = await models.superuser.query<{ name: string; owned: boolean; columns: string }>(
  `select n.nspname || '.' || c.relname as name, bool_or(a.attname = 'issuer_org_id') as owned,
      string_agg(a.attname, ', ') filter (where a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not a.attisdropped
    group by 1 order by 1`,
);
const owned = relations.filter((relation) => relation.owned);
const allowedOn = (name: string): readonly Operation[] =>
  allowedBeyondReading[name] ?? (name.startsWith('rm.') ? ['select'] : (allowedWithoutTenant[name] ?? []));

test('every table is either an organization’s or known bookkeeping', () => {
  expect(
    relations
      .filter((relation) => !relation.owned)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(allowedWithoutTenant).sort());
  const known = owned.map(({ name }) => name).filter((name) => !name.startsWith('rm.') || allowedOn(name).length !== 1);
  expect(known.sort()).toEqual(Object.keys(allowedBeyondReading).sort());
  expect(owned.length).toBeGreaterThan(15);
});

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

describe.each(Object.entries(allowedWithoutTenant))('%s', (name, allowed) => {
  test.each([
    ['select', `select from ${name}`],
    ['insert', `insert into ${name} default values`],
    [
      'update',
      `update ${name} set ${relations.find((relation) => relation.name === name)?.columns.split(', ')[0]} = null`,
    ],
    ['delete', `delete from ${name}`],
  ] as const)('%s is refused, but for what is said to be for all', async (operation, sql) => {
    const attempted = attempt(vendor, sql);
    if (allowed.includes(operation)) await attempted;
    else await expect(attempted).rejects.toThrow('permission denied');
  });
});

const directions = owned.flatMap(({ name, columns }) => [
  { table: name, columns, own: vendor, other: rival, as: 'vendor' },
  { table: name, columns, own: rival, other: vendor, as: 'rival' },
]);

describe.each(directions)('$table, as the $as', ({ table, columns, own, other }) => {
  const may = (what: Operation) => allowedOn(table).includes(what);
  const countOf = `select count(*)::int as rows from ${table} where issuer_org_id = $1`;
  /** A row of an organization, as an insert of the same once more. */
  const copyOf = async (org: string) => {
    const { rows } = await models.superuser.query<{ row: string }>(
      `select to_json(t)::text as row from ${table} t where issuer_org_id = $1 limit 1`,
      [org],
    );
    return {
      sql: `insert into ${table} (${columns}) select ${columns} from json_populate_record(null::${table}, $1::json)`,
      values: [rows[0]?.row],
    };
  };

  test('has a row of each tenant, so that there is something to hide', async () => {
    for (const org of [own, other]) {
      const { rows } = await models.superuser.query(`select from ${table} where issuer_org_id = $1`, [org]);
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  test('SELECT shows the own rows, and none of another tenant', async () => {
    if (!may('select')) return expect(attempt(own, countOf, [own])).rejects.toThrow('permission denied');
    expect((await attempt(own, countOf, [own])).rows[0].rows).toBeGreaterThan(0);
    expect((await attempt(own, countOf, [other])).rows).toEqual([{ rows: 0 }]);
    const seen = await attempt(own, `select distinct issuer_org_id from ${table}`);
    expect(seen.rows).toEqual([{ issuer_org_id: own }]);
  });

  test('SELECT without a tenant shows nothing, on a new and on a used connection', async () => {
    const countAll = `select count(*)::int as rows from ${table}`;
    if (!may('select')) return expect(attempt(null, countAll)).rejects.toThrow('permission denied');
    await attempt(own, 'select 1');
    for (const org of [null, '']) expect((await attempt(org, countAll)).rows).toEqual([{ rows: 0 }]);
  });

  test('INSERT for another tenant is refused, and without a tenant', async () => {
    const { sql, values } = await copyOf(other);
    const refusal = may('insert') ? 'row-level security' : 'permission denied';
    await expect(attempt(own, sql, values)).rejects.toThrow(refusal);
    await expect(attempt(null, sql, values)).rejects.toThrow(refusal);
  });

  test('UPDATE does not reach another tenant’s rows', async () => {
    const sql = `update ${table} set issuer_org_id = issuer_org_id`;
    if (!may('update')) return expect(attempt(own, sql)).rejects.toThrow('permission denied');
    expect((await attempt(own, `${sql} where issuer_org_id = $1`, [other])).rowCount).toBe(0);
    expect((await attempt(own, sql)).rowCount).toBe((await attempt(own, countOf, [own])).rows[0].rows);
    expect((await attempt(null, sql)).rowCount).toBe(0);
  });

  test('UPDATE cannot give a row away', async () => {
    const sql = `update ${table} set issuer_org_id = $2 where issuer_org_id = $1`;
    await expect(attempt(own, sql, [own, other])).rejects.toThrow(/row-level security|permission denied/);
  });

  test('DELETE does not reach another tenant’s rows', async () => {
    const sql = `delete from ${table}`;
    if (!may('delete')) return expect(attempt(own, sql)).rejects.toThrow('permission denied');
    expect((await attempt(own, `${sql} where issuer_org_id = $1`, [other])).rowCount).toBe(0);
    expect((await attempt(own, sql)).rowCount).toBe((await attempt(own, countOf, [own])).rows[0].rows);
    expect((await attempt(null, sql)).rowCount).toBe(0);
  });

  test('TRUNCATE is refused', async () => {
    await expect(attempt(own, `truncate ${table}`)).rejects.toThrow('permission denied');
  });
});

describe('a holder', () => {
  test('reads when leases of the license it holds were heard of, and notes nothing itself', async () => {
    const owner = { issuerOrgId: rival, holderOrgId: customer, licenseId: testId('lic', 'held') };
    const leaseId = testId('lea', 'held');
    await asTenant(models.api, rival, (db) => noteHeartbeat(db, owner, leaseId, testInstant(0)), { readOnly: false });
    const seen = await attempt(customer, 'select lease_id from ops.lease_liveness');
    expect(seen.rows).toEqual([{ lease_id: leaseId }]);
    expect((await attempt(customer, 'update ops.lease_liveness set last_seen_at = now()')).rowCount).toBe(0);
    const note = asTenant(models.api, customer, (db) => noteHeartbeat(db, owner, leaseId, testInstant(1)), {
      readOnly: false,
    });
    await expect(note).rejects.toThrow('row-level security');
  });

  test('sees the license it holds, with its history, and nothing else of the issuer', async () => {
    const seen = await asTenant(models.api, customer, (db) => db.query('select license_id from rm.licenses'));
    expect(seen.rows).toEqual([{ license_id: testId('lic', 'held') }]);
    const history = await asTenant(models.api, customer, (db) =>
      db.query('select distinct license_id from rm.license_events'),
    );
    expect(history.rows).toEqual([{ license_id: testId('lic', 'held') }]);
    const parked = await asTenant(models.api, customer, (db) => db.query('select stream from ops.parked_owners'));
    expect(parked.rows).toEqual([{ stream: `license-${heldId}` }]);
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

/** What the sweeps find by: ids and instants, never what a license is or who uses it. */
const readableByWorker: readonly string[] = [
  ...['rm.licenses.license_id', 'rm.licenses.due_at', 'ops.idempotency.created_at'],
  ...[
    'issuer_org_id',
    'license_id',
    'lease_id',
    'borrowed',
    'ttl_seconds',
    'acquired_at',
    'expires_at',
    'ended_at',
  ].map((column) => `rm.leases.${column}`),
  ...['issuer_org_id', 'license_id', 'lease_id', 'last_seen_at'].map((column) => `ops.lease_liveness.${column}`),
];

describe('roles', () => {
  const reads = (pool: pg.Pool, name: string) =>
    pool.query(`select from ${name}`).then(
      () => true,
      (error: Error) => {
        expect(error.message).toContain('permission denied');
        return false;
      },
    );

  const bookkeeping = ['ops.checkpoints', 'ops.parked', 'ops.parked_owners', 'ops.projection_versions'];
  test('the projector reaches rm of all organizations and its own bookkeeping, nothing else', async () => {
    expect((await models.projector.query('select distinct issuer_org_id from rm.licenses')).rowCount).toBe(2);
    for (const { name } of relations) {
      const its = name.startsWith('rm.') || bookkeeping.includes(name);
      expect([name, await reads(models.projector, name)]).toEqual([name, its]);
    }
  });

  test('the worker reads what the sweep needs of all licenses, and bookkeeping, nothing else', async () => {
    const due = await models.worker.query('select license_id, due_at from rm.licenses');
    expect(due.rowCount).toBe(3);
    const { rows } = await models.superuser.query<{ its: string }>(
      `select c.oid::regclass || '.' || a.attname as its from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.oid = any($1::regclass[]) and a.attnum > 0 and not a.attisdropped
          and has_column_privilege('ledger_worker', c.oid, a.attnum, 'select')`,
      [relations.filter(({ name, owned }) => owned || !allowedOn(name).includes('select')).map(({ name }) => name)],
    );
    expect(rows.map(({ its }) => its).toSorted()).toEqual(readableByWorker.toSorted());
    for (const name of ['rm.leases', 'ops.lease_liveness']) {
      await expect(models.worker.query(`select * from ${name}`)).rejects.toThrow('permission denied');
      const columns = readableByWorker.flatMap((its) =>
        its.startsWith(`${name}.`) ? [its.slice(name.length + 1)] : [],
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

  test('hashes of API keys are reached by the look-up function only', async () => {
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
