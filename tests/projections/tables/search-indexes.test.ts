import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { findBy, type SearchKind, type SearchTerms } from '../../../src/projections/queries/search-rows.ts';
import { createLog, customer, testHash, testId, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, project } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  const ledger = createLog();
  ledger.organization(vendor, 'Vendor');
  const licenseId = ledger.issue('one', { issuerOrgId: vendor, holderOrgId: customer, seats: 1, users: 1 });
  ledger.activate(licenseId, 'device');
  ledger.send(licenseId, { type: 'AssignUser', data: { userRef: testId('usr', 'ada') } });
  await project(models.projector, ledger.log);
  const ofCustomer = `'holder_org_id', case n % 100 when 0 then '${customer}' end`;
  await copy('rm.licenses', `'license_id', 'lic_' || n, 'key_hint', n, 'external_ref', 'Sub_' || n, ${ofCustomer}`);
  const device = `'activation_id', 'act_' || n, 'fingerprint_hash', '\\x' || md5(n::text), 'name_ref', 'ref_' || n`;
  await copy('rm.activations', `${device}, ${ofCustomer}`);
  await copy('rm.license_users', `'license_id', 'lic_' || n, 'user_ref', 'ref_' || n, ${ofCustomer}`);
  await models.superuser.query(`insert into vault.personal_values
    select 'ref_' || n, '${vendor}', case n % 100 when 0 then '${customer}' end, 'DEVICE_NAME', 'act_' || n, 'Name ' || n
    from generate_series(1, 3000) n`);
  await models.superuser.query('analyze');
});
afterAll(() => models.drop());

/** Copies the row of a table 3,000 times, with other values in some columns. */
const copy = async (table: string, changes: string): Promise<void> => {
  const { rows } = await models.superuser.query<{ columns: string }>(
    `select string_agg(attname, ', ' order by attnum) as columns from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [table],
  );
  const columns = rows[0]?.columns ?? '';
  await models.superuser.query(`insert into ${table} (${columns})
    select ${columns} from (select copied.* from ${table} first, generate_series(1, 3000) n,
      jsonb_populate_record(null::${table}, to_jsonb(first) || jsonb_build_object(${changes})) copied) copies`);
};

type Node = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Node[];
};
const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

const terms: SearchTerms = {
  ...{ text: 'Name 1500', keyHashes: [], keyHint: '1500', licenseId: null },
  ...{ fingerprintHashes: [Buffer.from(testHash('x'), 'hex')], userRefs: ['ref_1500'] },
};

test.each<readonly [SearchKind, readonly string[]]>([
  ['KEY_HINT', ['licenses_by_key_hint', 'licenses_by_holder_and_key_hint']],
  ['EXTERNAL_REF', ['licenses_by_reference_prefix']],
  ['DEVICE', ['activations_by_device']],
  ['DEVICE_NAME', ['device_names_by_issuer', 'device_names_by_holder']],
  ['USER', ['license_users_by_user']],
])('Postgres uses an index under row-level security to search licenses by %s', async (kind, indexes) => {
  const nodes: Node[] = [];
  for (const org of [vendor, customer])
    await asTenant(models.api, org, async (db) => {
      const explain = async ({ text, values }: { readonly text: string; readonly values: unknown[] }) => {
        const { rows } = await db.query({ text: `explain (format json) ${text}`, values });
        nodes.push(...nodesOf(rows[0]['QUERY PLAN'][0].Plan));
        return { rows: [] };
      };
      const explaining = new Proxy(db, {
        get: (target, name) => (name === 'query' ? explain : Reflect.get(target, name)),
      });
      await findBy(explaining, kind, { orgId: org, terms, limit: 21 });
    });
  expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])).toEqual([]);
  expect(nodes.map((node) => node['Index Name'])).toEqual(expect.arrayContaining([...indexes]));
});
