import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../../src/postgres/tenant.ts';
import { type DevicePlace, searchDevices } from '../../src/projections/queries/device-search.ts';
import type { ActivationView } from '../../src/projections/tables/activations.ts';
import { createReadModels } from '../support/read-models.ts';

const [issuer, holder] = ['org_issuer', 'org_holder'];
const seenBefore = '2026-03-01T00:00:00.000Z';
const devices = 60;

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
  // Each seventh device was not seen since February, and each fifth one has no contact at all. The last ten are new.
  await models.superuser.query(`insert into rm.activations (activation_id, issuer_org_id, holder_org_id, license_id,
      fingerprint_hash, components, platform, overage, revision, activated_at)
    select 'act_' || n, case when n % 4 = 3 then '${holder}' else '${issuer}' end, case when n % 2 = 0 then '${holder}' end,
      'lic', int4send(n), '{}', 'linux', false, n,
      case when n <= ${devices - 10} then '2026-01-01Z'::timestamptz else '2026-03-02Z' end + n / 2 * interval '1 hour'
    from generate_series(1, ${devices}) n`);
  await models.superuser.query(`insert into ops.device_sightings (issuer_org_id, holder_org_id, license_id,
      fingerprint_hash, last_seen_at)
    select issuer_org_id, holder_org_id, license_id, fingerprint_hash,
      case when revision % 7 = 0 then '2026-02-01Z'::timestamptz else '2026-03-05Z' end
    from rm.activations where revision % 5 > 0`);
});
afterAll(() => models.drop());

const isUnseen = (n: number) => n <= devices - 10 && (n % 5 === 0 || n % 7 === 0);
const isOf = (org: string, n: number) => (n % 4 === 3 ? holder : issuer) === org || (org === holder && n % 2 === 0);

/** Reads all pages, and notes whether one of them read all contacts at once. */
const drain = async (org: string, limit: number, walkMax: number) => {
  const found: string[] = [];
  let isAtOnce = false;
  let after: DevicePlace | null = null;
  for (;;) {
    const search = { orgId: org, limit, after, seenBefore };
    const page: readonly ActivationView[] = await asTenant(models.api, org, (db) => {
      const query = (...parameters: Parameters<PoolClient['query']>) => {
        isAtOnce ||= String(parameters[0]).includes('enable_nestloop');
        return db.query(...parameters);
      };
      const noting = new Proxy(db, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) });
      return searchDevices(noting, search, walkMax);
    });
    found.push(...page.map(({ activationId }) => activationId));
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return { found, isAtOnce };
    after = last;
  }
};

test.each([
  { walkMax: 1_000, limit: 3, atOnce: false },
  { walkMax: 20, limit: 1, atOnce: false },
  { walkMax: 5, limit: 2, atOnce: true },
  { walkMax: 1, limit: 100, atOnce: true },
])('Devices that were not seen since are found on both sides, each once: %j', async ({ walkMax, limit, atOnce }) => {
  for (const org of [issuer, holder]) {
    const numbers = Array.from({ length: devices }, (_, index) => index + 1);
    const expected = numbers.filter((n) => isUnseen(n) && isOf(org, n)).map((n) => `act_${n}`);
    const { found, isAtOnce } = await drain(org, limit, walkMax);
    expect(found.toSorted()).toEqual(expected.toSorted());
    expect(isAtOnce).toBe(atOnce);
    const places = found.map((id) => Math.floor(Number(id.slice(4)) / 2));
    expect(places).toEqual(places.toSorted((a, b) => b - a));
  }
});
