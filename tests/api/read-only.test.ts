import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { condition } from '../support/product.ts';
import { readyPack } from '../support/ready-pack.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
let licenseId: string;
beforeAll(async () => {
  ledger = await startLedger();
  ({ licenseId } = await ledger.issue({ metadata: { note: 'a' } }));
});
afterAll(() => ledger.stop());

// A trap in every table fails a read in a transaction that may write. Authentication is a statement of its own.
const trap = `
  create function ops.trap() returns boolean language plpgsql as $$
    begin
      if current_setting('transaction_read_only') = 'off' and current_query() not like '%identity.authenticate%' then
        raise exception 'read in a transaction that may write';
      end if;
      return true;
    end $$;
  grant execute on function ops.trap() to public;
  do $$
    declare trapped text;
    begin
      for trapped in select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('rm', 'vault') and c.relkind = 'r'
      loop
        execute format('create policy trap on %s as restrictive for select to ledger_api using ((select ops.trap()))', trapped);
      end loop;
    end $$`;
const untrap = 'drop function ops.trap() cascade';

describe('Every GET', () => {
  test('reads in a transaction that may not write', async () => {
    const routes = ledger.routes.filter(({ method, access }) => method === 'get' && access.kind === 'organization');
    expect(routes.length).toBeGreaterThanOrEqual(4);
    const { accessToken: key, userId } = await ledger.createMember(ledger.a.organizationId, 'OWNER');
    const made = async (path: string, body: object) => (await ledger.call('POST', path, { key, body })).body;
    const requiredOf: Readonly<Record<string, string>> = {
      '/v1/holders': `?ids=${ledger.a.organizationId}`,
      '/v1/logs/{organizationId}/consistency': '?from=1',
    };
    const ids: Record<string, unknown> = {
      ...{ licenseId, userId },
      organizationId: ledger.a.organizationId,
      productId: (await made('/v1/products', { code: 'local_cli', name: 'CLI' })).id,
      code: 'local_cli',
      version: (await made('/v1/products/local_cli/releases', { version: '1.0.0' })).release?.version,
      policyId: (await ledger.call('GET', '/v1/policies?limit=1', { key })).body.data?.[0]?.id,
      apiKeyId: (await made('/v1/api-keys', { name: 'CI', scopes: ['licenses:read'] })).apiKey?.id,
      projectId: (await made('/v1/projects', { name: 'Apollo' })).id,
      level: '0',
      index: '000.p/1',
      eventId: (await ledger.call('GET', '/v1/events?limit=1', { key })).body.data?.[0]?.id,
    };
    ids.packId = await readyPack(ledger, ledger.a);
    await ledger.database.superuser.query(trap);
    try {
      const read = (readOnly: boolean) =>
        asTenant(ledger.database.api, ledger.a.organizationId, (db) => db.query('select from rm.licenses'), {
          readOnly,
        });
      await expect(read(false)).rejects.toThrow('read in a transaction that may write');
      await read(true);

      for (const { path, replies } of routes) {
        const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(ids[name]));
        expect(filled).not.toContain('undefined');
        // A stream reads before it begins, and would not end.
        const method = replies[200]?.body === undefined ? 'HEAD' : 'GET';
        const required = requiredOf[path] ?? '';
        const answer = await ledger.call(method, `${filled}${required}`, { key });
        expect([path, answer.status]).toEqual([path, 200]);
      }
    } finally {
      await ledger.database.superuser.query(untrap);
    }
  });
});

const requests = sized(10_000, 200);
test(`${requests} requests of two tenants, a third abandoned, show each tenant only its own data`, async () => {
  const other = await ledger.issue({}, ledger.b);
  const random = randomFrom(11);
  let abandoned = 0;
  const ask = async () => {
    const [organization, own] = random() < 0.5 ? [ledger.a, licenseId] : [ledger.b, other.licenseId];
    const leaving = new AbortController();
    const answer = fetch(`${ledger.baseUrl}/v1/licenses`, {
      headers: { authorization: `Bearer ${organization.apiKey}` },
      signal: leaving.signal,
    });
    if (random() < 0.33) {
      // At any moment, from before the request is read to after it is answered.
      for (let turns = random() * 40; turns > 0; turns--) await new Promise(setImmediate);
      leaving.abort();
    }
    try {
      const { data } = (await (await answer).json()) as { data: readonly { id: string }[] };
      expect(data.map(({ id }) => id)).toEqual([own]);
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
      abandoned += 1;
    }
  };
  const lane = async () => {
    for (let turn = 0; turn < requests / 8; turn++) await ask();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  expect(abandoned).toBeGreaterThan(0);

  const { api } = ledger.database;
  await condition('every connection is back', () => api.idleCount === api.totalCount);
  const borrowed = await Promise.all(Array.from({ length: api.totalCount }, () => api.connect()));
  for (const db of borrowed) {
    expect((await db.query('select from rm.licenses')).rowCount).toBe(0);
    db.release();
  }
});
