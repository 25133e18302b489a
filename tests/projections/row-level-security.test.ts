import pg, { type PoolClient } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { noteAccessChange } from '../../src/identity/access-changes.ts';
import { asUser } from '../../src/identity/as-user.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { connectionConfig } from '../../src/projections/connect.ts';
import { noteLeftOut } from '../../src/projections/parked.ts';
import { noteHeartbeat } from '../../src/records/lease-liveness.ts';
import { createStreamSnapshots } from '../../src/records/stream-snapshots.ts';
import { pauseLicenses } from '../../src/records/sweep-pauses.ts';
import { storeMetadata, storeValue, storeValues } from '../../src/records/vault.ts';
import { rowSecurity } from '../../src/row-security.ts';
import { createLog, customer, rival, testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project, readModels } from '../support/read-models.ts';
import { catalogLife, organizationLife } from '../support/stream-fixtures.ts';

// Two vendors, and two users, with the same kinds of rows each, in every table there is. Whatever one does, the other's rows
// are not there.
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
const { rows: issued } = await models.superuser.query<{ license_id: string }>('select license_id from rm.licenses');
await pauseLicenses(
  models.worker,
  issued.map((row) => ({ licenseId: row.license_id, revision: 0n, nextDueAt: null })),
  { now: testInstant(0), seconds: 60 },
);
const parkedOnes = ledger.log.filter(({ stream, revision }) => stream.startsWith('license-') && revision === 1n);
await transaction(models.projector, 'begin', (db) => noteLeftOut(db, readModels, parkedOnes));

async function fill(db: PoolClient, org: string, name: string, licenseId: string): Promise<void> {
  const owner = { issuerOrgId: org, holderOrgId: null };
  const deviceName = { ...owner, kind: 'DEVICE_NAME', subject: licenseId, value: name } as const;
  await storeValues(db, `license-${licenseId}`, [{ ...deviceName, ref: testId('ref', name) }]);
  await storeMetadata(db, { licenseId, ...owner, metadata: { note: name } });
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
  await db.query('insert into ops.license_check_ins values ($1, $2, now())', [org, licenseId]);
  await db.query(
    'insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id) values ($1, $2, $3, $4, $5)',
    [testId('key', name), name, org, Buffer.from(testHash(name), 'hex'), 'secret-1'],
  );
  await noteAccessChange(db, org, 0n);
  const anchor = { revision: 499n, eventId: 'event', hash: testHash(org), recordedAt: testInstant(0) };
  await createStreamSnapshots(models.api).save(
    { issuerOrgId: org, stream: `organization-${org}`, fold: 'organization-1' },
    [
      {
        ...{ ...anchor, previousRevision: -1n, previousHash: testHash(''), earliestAt: testInstant(0) },
        ...{ facts: null, whole: Buffer.from('whole') },
      },
    ],
  );
}

const [ann, ben] = [testId('usr', 'ann'), testId('usr', 'ben')];
for (const [userId, name] of [
  [ann, 'ann'],
  [ben, 'ben'],
] as const) {
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
  });
}

type Operation = 'select' | 'insert' | 'update' | 'delete';

/** What ledger_api may do with rows of its own organization or user; all else is refused outright. A table of rm is read, no more. */
const allowedBeyondReading: Readonly<Record<string, readonly Operation[]>> = {
  'rm.license_keys': [],
  // Two of its columns may be updated, too: none of those that say whose a row is.
  'identity.api_keys': ['select', 'insert', 'delete'],
  'identity.access_changes': ['select', 'insert', 'update'],
  'identity.users': ['select', 'insert', 'update', 'delete'],
  'identity.sessions': ['select', 'insert', 'update'],
  'identity.refresh_tokens': ['select', 'insert', 'update'],
  'vault.personal_values': ['select', 'insert', 'update', 'delete'],
  'vault.license_metadata': ['select', 'insert', 'update', 'delete'],
  'ops.idempotency': ['select', 'insert', 'update', 'delete'],
  'ops.vault_references': ['select', 'insert', 'update', 'delete'],
  'ops.parked_owners': ['select'],
  'ops.lease_liveness': ['select', 'insert', 'update'],
  'ops.license_check_ins': ['select', 'insert', 'update'],
  'ops.sweep_pauses': [],
  'ops.stream_snapshots': ['select', 'insert', 'update', 'delete'],
};
/** Bookkeeping that belongs to nobody. */
const allowedWithoutTenant: Readonly<Record<string, readonly Operation[]>> = {
  'ops.migrations': [],
  'ops.checkpoints': ['select'],
  'ops.parked': [],
  'ops.parked_keys': [],
  'ops.projection_versions': ['select'],
};

/** Every table and view of every schema that is ours, as the catalog has them. */
const { rows: relations } = await models.superuser.query<{ name: string; owned: boolean; columns: string }>(
  `select n.nspname || '.' || c.relname as name,
      bool_or(a.attname = 'issuer_org_id') or n.nspname || '.' || c.relname = any($1) as owned,
      string_agg(a.attname, ', ') filter (where a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not a.attisdropped
    group by 1, n.nspname, c.relname order by 1`,
  [rowSecurity.userOwned],
);
const owned = relations.filter((relation) => relation.owned);
const allowedOn = (name: string): readonly Operation[] =>
  allowedBeyondReading[name] ?? (name.startsWith('rm.') ? ['select'] : (allowedWithoutTenant[name] ?? []));

test('every table is either an organization’s, a user’s or known bookkeeping', () => {
  expect(
    relations
      .filter((relation) => !relation.owned)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(allowedWithoutTenant).sort());
  const known = owned.map(({ name }) => name).filter((name) => !name.startsWith('rm.') || allowedOn(name).length !== 1);
  expect(known.sort()).toEqual(Object.keys(allowedBeyondReading).sort());
  expect(owned.map(({ name }) => name)).toEqual(expect.arrayContaining([...rowSecurity.userOwned]));
  expect(owned.length).toBeGreaterThan(15);
});

/** Runs a statement as an organization or a user, null: as none, and takes back what it did. */
const attempt = async (who: string | null, sql: string, values: readonly unknown[] = []) => {
  const db = await models.api.connect();
  try {
    await db.query('begin');
    const setting = who === ann || who === ben ? 'app.user_id' : 'app.org_id';
    if (who !== null) await db.query('select set_config($1, $2, true)', [setting, who]);
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

const directions = owned.flatMap(({ name, columns }) =>
  rowSecurity.userOwned.includes(name)
    ? [
        { table: name, columns, owner: 'user_id', own: ann, other: ben, as: 'one user' },
        { table: name, columns, owner: 'user_id', own: ben, other: ann, as: 'the other user' },
      ]
    : [
        { table: name, columns, owner: 'issuer_org_id', own: vendor, other: rival, as: 'the vendor' },
        { table: name, columns, owner: 'issuer_org_id', own: rival, other: vendor, as: 'the rival' },
      ],
);

describe.each(directions)('$table, as $as', ({ table, columns, owner, own, other }) => {
  const may = (what: Operation) => allowedOn(table).includes(what);
  const countOf = `select count(*)::int as rows from ${table} where ${owner} = $1`;
  /** A row of somebody, as an insert of the same once more. */
  const copyOf = async (whose: string) => {
    const { rows } = await models.superuser.query<{ row: string }>(
      `select to_json(t)::text as row from ${table} t where ${owner} = $1 limit 1`,
      [whose],
    );
    return {
      sql: `insert into ${table} (${columns}) select ${columns} from json_populate_record(null::${table}, $1::json)`,
      values: [rows[0]?.row],
    };
  };

  test('has a row of each tenant, so that there is something to hide', async () => {
    for (const whose of [own, other]) {
      const { rows } = await models.superuser.query(`select from ${table} where ${owner} = $1`, [whose]);
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  test('SELECT shows the own rows, and none of another tenant', async () => {
    if (!may('select')) return expect(attempt(own, countOf, [own])).rejects.toThrow('permission denied');
    expect((await attempt(own, countOf, [own])).rows[0].rows).toBeGreaterThan(0);
    expect((await attempt(own, countOf, [other])).rows).toEqual([{ rows: 0 }]);
    const seen = await attempt(own, `select distinct ${owner} as owner from ${table}`);
    expect(seen.rows).toEqual([{ owner: own }]);
  });

  test('SELECT without a tenant shows nothing, on a new and on a used connection', async () => {
    const countAll = `select count(*)::int as rows from ${table}`;
    if (!may('select')) return expect(attempt(null, countAll)).rejects.toThrow('permission denied');
    await attempt(own, 'select 1');
    for (const who of [null, '']) expect((await attempt(who, countAll)).rows).toEqual([{ rows: 0 }]);
  });

  test('INSERT for another tenant is refused, and without a tenant', async () => {
    const { sql, values } = await copyOf(other);
    const refusal = may('insert') ? 'row-level security' : 'permission denied';
    await expect(attempt(own, sql, values)).rejects.toThrow(refusal);
    await expect(attempt(null, sql, values)).rejects.toThrow(refusal);
  });

  test('UPDATE does not reach another tenant’s rows', async () => {
    const sql = `update ${table} set ${owner} = ${owner}`;
    if (!may('update')) return expect(attempt(own, sql)).rejects.toThrow('permission denied');
    expect((await attempt(own, `${sql} where ${owner} = $1`, [other])).rowCount).toBe(0);
    expect((await attempt(own, sql)).rowCount).toBe((await attempt(own, countOf, [own])).rows[0].rows);
    expect((await attempt(null, sql)).rowCount).toBe(0);
  });

  test('UPDATE cannot give a row away', async () => {
    const sql = `update ${table} set ${owner} = $2 where ${owner} = $1`;
    await expect(attempt(own, sql, [own, other])).rejects.toThrow(/row-level security|permission denied/);
  });

  test('DELETE does not reach another tenant’s rows', async () => {
    const sql = `delete from ${table}`;
    if (!may('delete')) return expect(attempt(own, sql)).rejects.toThrow('permission denied');
    expect((await attempt(own, `${sql} where ${owner} = $1`, [other])).rowCount).toBe(0);
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
  ...['issuer_org_id', 'license_id', 'revision', 'due_at'].map((column) => `rm.licenses.${column}`),
  'ops.idempotency.created_at',
  ...['identity.users.created_at', 'identity.sessions.expires_at', 'identity.refresh_tokens.expires_at'],
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
  ...['issuer_org_id', 'license_id', 'lease_id', 'last_seen_at', 'ending_seen_at'].map(
    (column) => `ops.lease_liveness.${column}`,
  ),
  ...['issuer_org_id', 'license_id', 'revision', 'tries', 'until'].map((column) => `ops.sweep_pauses.${column}`),
  ...['ops.stream_snapshots.fold', 'ops.stream_snapshots.saved_at'],
  ...['issuer_org_id', 'ref', 'stream', 'since', 'erased'].map((column) => `ops.vault_references.${column}`),
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

  const bookkeeping = [
    ...['ops.checkpoints', 'ops.parked', 'ops.parked_owners', 'ops.parked_keys', 'ops.projection_versions'],
  ];
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
        is_behind: false,
        behind_at: null,
      },
    ]);
    expect((await models.api.query('select * from identity.authenticate($1)', ['nobody'])).rows).toEqual([]);
  });

  test('hashes of passwords are reached by the look-up function only, and other users’ names not without their id', async () => {
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
  ])('%s leaves no tenant and no user behind on the connection', async (call, values) => {
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
