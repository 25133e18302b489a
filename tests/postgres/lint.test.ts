import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lintCatalog, refuseOpenCatalog } from '../../src/postgres/lint.ts';
import { rowSecurity } from '../../src/row-security.ts';
import { createReadModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

test('The migrated database lets no organization see the rows of another', async () => {
  expect(await lintCatalog(models.api, rowSecurity)).toEqual([]);
});

test('Every exempted key exists', async () => {
  const { rows } = await models.superuser.query<{ key: string }>(
    `select n.nspname || '.' || c.relname || '(' || a.attname || ')' as key from pg_index i join pg_class c on c.oid = i.indrelid
     join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
     where i.indisunique and i.indnkeyatts = 1`,
  );
  expect(rows.map(({ key }) => key)).toEqual(expect.arrayContaining([...rowSecurity.globallyUniqueKeys]));
});

test('A process does not start on a database with a fault, and says what to undo', async () => {
  await refuseOpenCatalog(models.url, rowSecurity);
  await models.superuser.query('alter table rm.licenses no force row level security');
  try {
    await expect(refuseOpenCatalog(models.url, rowSecurity)).rejects.toThrow(
      /does not start\. .*\n- rm\.licenses lacks row-level security, enabled and forced\./,
    );
  } finally {
    await models.superuser.query('alter table rm.licenses force row level security');
  }
});

test('The same rules apply to a version that is being rebuilt', async () => {
  const faults = await planted(
    'alter schema rm rename to rm_v7; create schema rm; create table rm_v7.t (n int primary key)',
  );
  const about = (name: string) => faults.filter((fault) => fault.includes(name));
  expect(about('rm_v7.t')).toEqual(
    expect.arrayContaining([
      'rm_v7.t lacks row-level security, enabled and forced.',
      'The unique key rm_v7.t(n, …) is neither led by issuer_org_id nor globally unique.',
    ]),
  );
  expect(about('rm_v7.licenses')).toEqual([]);
});

test('While its rows are loaded, the owner of its tables alone is exempt', async () => {
  const open = 'alter schema rm rename to rm_v7_loading; alter table rm_v7_loading.licenses';
  const about = (faults: readonly string[]) => faults.filter((fault) => fault.includes('rm_v7_loading'));
  expect(about(await planted(`${open} no force row level security`))).toEqual([]);
  expect(about(await planted(`${open} disable row level security`))).toEqual([
    'rm_v7_loading.licenses lacks row-level security, enabled and forced.',
  ]);
});

/** Returns the faults that the lint reports after a statement. */
const planted = async (sql: string): Promise<readonly string[]> => {
  const db = await models.superuser.connect();
  try {
    await db.query('begin');
    await db.query(sql);
    return await lintCatalog(db, rowSecurity);
  } finally {
    await db.query('rollback');
    db.release();
  }
};

describe('The lint reports', () => {
  const policy = `using (issuer_org_id = current_setting('app.org_id', true))`;
  const faults: readonly (readonly [string, string, string])[] = [
    ['a schema without tables', 'drop schema vault cascade', 'the tables of vault are missing'],
    ['a table without row-level security', 'create table rm.t (issuer_org_id text)', 'rm.t lacks row-level security'],
    [
      'a table that shows API keys the licenses of other products',
      'drop policy within_products on rm.licenses',
      'rm.licenses lacks the restrictive policy within_products',
    ],
    ['a table without an owner', 'create table rm.t (id text)', 'rm.t lacks issuer_org_id'],
    ['a table with an optional owner', 'create table rm.t (issuer_org_id text)', 'rm.t lacks issuer_org_id'],
    [
      'row-level security that is not forced',
      'alter table rm.licenses no force row level security',
      'rm.licenses lacks',
    ],
    [
      'a table of users with an optional owner',
      'alter table identity.sessions alter column user_id drop not null',
      'identity.sessions lacks user_id',
    ],
    [
      'row-level security of users that is not forced',
      'alter table identity.sessions no force row level security',
      'identity.sessions lacks row-level security',
    ],
    [
      'a policy that shows users to each other',
      'create policy p on identity.users for select to ledger_api using (true)',
      'past its user',
    ],
    [
      'a policy that shows users to an organization',
      `create policy p on identity.sessions to ledger_api
        using (organization_id = (select nullif(current_setting('app.org_id', true), '')))`,
      'past its user',
    ],
    [
      'a policy that lets a user give a row to another',
      `create policy p on identity.sessions for update to ledger_api
        using (user_id = (select nullif(current_setting('app.user_id', true), ''))) with check (true)`,
      'past its user',
    ],
    [
      'a policy that shows users to another role',
      'create policy p on identity.users for select to ledger_projector using (true)',
      'lets ledger_projector see rows of users',
    ],
    [
      'a policy that shows sessions to ledger_auth',
      'create policy p on identity.sessions for select to ledger_auth using (true)',
      'lets ledger_auth see rows of users',
    ],
    [
      'a policy that lets the worker remove live sessions',
      'create policy p on identity.sessions for delete to ledger_worker using (true)',
      'lets ledger_worker see rows of users',
    ],
    [
      'the worker reading addresses',
      'grant select on identity.users to ledger_worker',
      'ledger_worker has SELECT on identity.users',
    ],
    [
      'the worker changing users',
      'grant update (state) on identity.users to ledger_worker',
      'ledger_worker has UPDATE on identity.users(state)',
    ],
    [
      'the projector reading users',
      'grant select on identity.users to ledger_projector',
      'ledger_projector has SELECT on identity.users',
    ],
    [
      'ledger_auth writing users',
      'grant update on identity.users to ledger_auth',
      'ledger_auth has UPDATE on identity.users',
    ],
    [
      'a foreign key across users',
      'alter table identity.refresh_tokens add foreign key (session_id) references identity.sessions',
      'foreign key',
    ],
    [
      'a unique key that reveals values of other users',
      'alter table identity.sessions add unique (user_agent)',
      'identity.sessions(user_agent, …) is neither led by user_id',
    ],
    ['a table without a policy', 'create table vault.t (issuer_org_id text)', 'vault.t has no policy'],
    ['a policy for everybody', `create policy p on rm.licenses ${policy}`, 'the policy p for everybody'],
    [
      'a policy that is always true',
      'create policy p on rm.licenses for select to ledger_api using (true)',
      'past its organization',
    ],
    [
      'a write policy without a check',
      `create policy p on rm.licenses for update to ledger_api ${policy}`,
      'past its organization',
    ],
    [
      'a policy that reads the setting for every row',
      `create policy p on rm.licenses for select to ledger_api using (issuer_org_id = nullif(current_setting('app.org_id', true), ''))`,
      'past its organization',
    ],
    [
      'a policy that lets the holder write',
      `create policy p on vault.license_metadata for update to ledger_api
        using (holder_org_id = (select nullif(current_setting('app.org_id', true), '')))`,
      'past its organization',
    ],
    ['a view with its owner’s rights', 'create view rm.v as select * from rm.licenses', 'rm.v is a view without'],
    ['a materialized view', 'create materialized view rm.v as select 1 as one', 'rm.v is a view without'],
    [
      'a unique key that reveals values of other organizations',
      'alter table rm.licenses add unique (external_ref)',
      'rm.licenses(external_ref, …)',
    ],
    ['a key of an expression', 'create unique index on rm.licenses (lower(external_ref))', 'led by an expression'],
    ['a sequence that all organizations share', 'create sequence rm.numbers', 'rm.numbers is a sequence'],
    [
      'a foreign key across organizations',
      'alter table rm.activations add foreign key (license_id) references rm.licenses',
      'foreign key',
    ],
    [
      'a grant that bypasses row-level security',
      'grant truncate on rm.licenses to ledger_api',
      'ledger_api has TRUNCATE on rm.licenses',
    ],
    ['a grant to all', 'grant select on rm.licenses to public', 'PUBLIC has SELECT on rm.licenses'],
    [
      'the API writing read models',
      'grant insert on rm.licenses to ledger_api',
      'ledger_api has INSERT on rm.licenses',
    ],
    [
      'the projector reading the vault',
      'grant select on vault.personal_values to ledger_projector',
      'ledger_projector has SELECT on vault',
    ],
    [
      'the API deleting rows of the projector',
      'grant delete on ops.parked_owners to ledger_api',
      'ledger_api has DELETE on ops.parked_owners',
    ],
    [
      'a grant on one column',
      'grant update (hint) on rm.license_keys to ledger_api',
      'UPDATE on rm.license_keys(hint)',
    ],
    [
      'the projector reading a table that is not its own',
      'grant select on ops.idempotency to ledger_projector',
      'ledger_projector has SELECT on ops.idempotency',
    ],
    ['the worker reading whole rows', 'grant select on rm.licenses to ledger_worker', 'SELECT on rm.licenses.'],
    [
      'the worker writing',
      'grant delete on vault.license_metadata to ledger_worker',
      'DELETE on vault.license_metadata',
    ],
    [
      'the worker reading whole rows of heartbeats',
      'grant select on ops.lease_liveness to ledger_worker',
      'ledger_worker has SELECT on ops.lease_liveness.',
    ],
    [
      'a policy that lets the holder record heartbeats',
      `create policy p on ops.lease_liveness for update to ledger_api
        using (holder_org_id = (select nullif(current_setting('app.org_id', true), '')))`,
      'past its organization',
    ],
    [
      'the API reading migrations',
      'grant select on ops.migrations to ledger_api',
      'ledger_api has SELECT on ops.migrations',
    ],
    ['the API moving a checkpoint', 'grant update on ops.checkpoints to ledger_api', 'ledger_api has UPDATE'],
    ['a role that may create', 'grant create on schema rm to ledger_api', 'ledger_api may create in the schema rm'],
    [
      'a table with another owner role',
      'alter table rm.licenses owner to ledger_api',
      'rm.licenses is not owned by ledger_owner',
    ],
    [
      'ledger_auth reading licenses',
      'grant select on rm.licenses to ledger_auth',
      'ledger_auth has SELECT on rm.licenses',
    ],
    [
      'a function with its owner’s rights',
      `create function rm.f() returns int language sql security definer as 'select 1'`,
      'rm.f runs with',
    ],
    [
      'a leakproof function, which sees hidden rows',
      `create function rm.f() returns int language sql leakproof as 'select 1'`,
      'rm.f is marked leakproof',
    ],
    [
      'a function that everybody may call',
      `grant execute on function rm.license_by_key(bytea) to public`,
      'rm.license_by_key runs with',
    ],
    ['a role that may log in', 'alter role ledger_api login', 'ledger_api can log in'],
    [
      'a role that bypasses security',
      'alter role ledger_worker bypassrls',
      'ledger_worker can log in, is a superuser, bypasses',
    ],
    [
      'a role that is a member of another',
      'grant ledger_owner to ledger_api',
      'ledger_api is a member of ledger_owner',
    ],
  ];
  test.each(faults)('%s', async (_name, sql, expected) => {
    expect(await planted(sql)).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });
});
