import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { listParked } from '../../../src/projections/parked.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { activeProjection } from '../../../src/projections/versions.ts';
import { to } from '../../domain/license/commands.ts';
import { sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { testId } from '../../support/license-fixtures.ts';
import { refuseLicense } from '../../support/read-models.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const eventually = <Value>(read: () => Promise<Value>) => expect.poll(read, { timeout: 60_000, interval: 10 });
const parked = async () =>
  (await listParked(ledger.database.projector, await activeProjection(ledger.database.projector))).map(
    ({ stream }) => stream,
  );

type License = { readonly licenseId: string; readonly licenseKey: string };

/** Lets the read models take in nothing of a license from its next event on. */
const parkNext = async ({ licenseId }: License) => {
  const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
  return refuseLicense(ledger.database.superuser, licenseId, Number(body.revision) + 1);
};
const isParked = ({ licenseId }: License) => eventually(parked).toContain(`license-${licenseId}`);
/** Its key comes with another event than the first, which the projector may handle later. */
const isKeyParked = async ({ licenseId }: License) => {
  const key = `select from ops.parked_keys where stream = 'license-${licenseId}'`;
  await eventually(async () => (await ledger.database.superuser.query(key)).rowCount).toBe(1);
};
const replay = async ({ licenseId }: License) => {
  const projection = await activeProjection(ledger.database.projector);
  const needs = { store: ledger.store.connect(), pool: ledger.database.projector, projection };
  expect(await replayParked(needs, `license-${licenseId}`)).toEqual({ outcome: 'replayed' });
};

const command = (license: License, verb: string, body: object, key = ledger.a.apiKey) =>
  ledger.call('POST', `/v1/licenses/${license.licenseId}/${verb}`, { key, body });
const validate = ({ licenseKey }: License, body: object = {}) =>
  ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, ...body } });
const client = (operation: string, { licenseKey }: License, body: object) =>
  ledger.call('POST', `/v1/licenses/${operation}`, { body: { licenseKey, ...body } });
const features = ({ licenseKey }: License) =>
  ledger.call('GET', '/v1/licenses/features', { headers: { authorization: `License ${licenseKey}` } });
const get = ({ licenseId }: License, path = '', key = ledger.a.apiKey) =>
  ledger.call('GET', `/v1/licenses/${licenseId}${path}`, { key });

describe('A license with a parked stream', () => {
  let license: License;
  let mend: () => Promise<unknown>;
  beforeEach(async () => {
    license = await ledger.issue({ limits: { activations: 3, seats: 2, users: 2 } });
    await client('activate', license, { fingerprint: 'first' });
    mend = await parkNext(license);
    return () => mend();
  });

  test('is suspended when only its stream says so', async () => {
    await command(license, 'suspend', { reason: { code: 'FRAUD' } });
    await isParked(license);
    expect((await validate(license)).body).toMatchObject({ valid: false, code: 'SUSPENDED' });
    const byId = { licenseId: license.licenseId };
    const named = await ledger.call('POST', '/v1/licenses/validate', { key: ledger.a.apiKey, body: byId });
    expect(named.body).toMatchObject({ valid: false, code: 'SUSPENDED' });
    expect((await features(license)).body).toMatchObject({ code: 'LICENSE_SUSPENDED' });
    expect((await client('activate', license, { fingerprint: 'second' })).body).toMatchObject({
      code: 'LICENSE_SUSPENDED',
    });
    const shown = await get(license);
    expect(shown.body).toMatchObject({ status: 'SUSPENDED' });
    await mend();
    await replay(license);
    const replayed = await get(license);
    expect([replayed.body, replayed.headers.get('etag')]).toEqual([shown.body, shown.headers.get('etag')]);
    mend = async () => undefined;
  });

  test('knows its devices, users and seats', async () => {
    const device = await client('activate', license, { fingerprint: 'second', environment: 'production' });
    await isParked(license);
    await client('deactivate', license, { fingerprint: 'first' });
    const lease = await client('leases', license, { leaseHolder: 'machine' });
    expect(lease.status).toBe(201);
    const assigned = await command(license, 'users', { user: 'ada' });
    expect(assigned.status).toBe(200);
    expect((await validate(license, { fingerprint: 'second', user: 'ada' })).body).toMatchObject({ valid: true });
    expect((await validate(license, { fingerprint: 'first' })).body).toMatchObject({ valid: false });
    const activationId = device.body.activation?.id;
    expect((await validate(license, { activationId })).body).toMatchObject({ valid: true });
    for (const named of [{ activationId }, { fingerprint: 'second' }])
      expect((await validate(license, { ...named, environment: 'staging' })).body).toMatchObject({
        code: 'ENVIRONMENT_MISMATCH',
      });
    expect((await validate(license, { leaseHolder: 'machine' })).body).toMatchObject({ valid: true });
    expect((await validate(license, { leaseHolder: 'another machine' })).body).toMatchObject({ valid: false });
    expect((await validate(license, { user: 'bob' })).body).toMatchObject({ valid: false });
  });

  test('refuses lists of its devices and users for now, with Retry-After', async () => {
    await client('activate', license, { fingerprint: 'second' });
    await isParked(license);
    for (const list of ['/activations', '/users']) {
      const { status, body, headers } = await get(license, list);
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'NOT_PROJECTED_YET', '10']);
    }
  });

  test('has the ETag of a change that has fallen due, which only its stream knows', async () => {
    const { licenseId } = license;
    const target = to(builtInPolicy('FREE', testId('pol', 'FREE')));
    const scheduled = { effectiveAt: new Date(Date.parse(ledger.needs.now()) + 60_000).toISOString() };
    await sendTo(ledger, licenseId, { type: 'ChangeTier', data: { target, scheduled } });
    await isParked(license);
    ledger.clock.aheadMs = 61_000;
    try {
      const before = await get(license);
      expect(before.body.tier).toBe('FREE');
      await mend();
      mend = async () => undefined;
      await replay(license);
      expect((await get(license)).headers.get('etag')).toBe(before.headers.get('etag'));
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  test('accepts its new key and refuses the previous one', async () => {
    const rotated = await command(license, 'rotate-key', {});
    await isParked(license);
    expect((await validate(license)).body).toMatchObject({ valid: false, code: 'KEY_ROTATED' });
    const next = { ...license, licenseKey: String(rotated.body.licenseKey) };
    expect((await validate(next)).body).toMatchObject({ valid: true, code: 'VALID' });
    expect((await client('activate', next, { fingerprint: 'second' })).status).toBe(201);
    const unknown = await client('validate', { ...license, licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9' }, {});
    expect(unknown.body).toMatchObject({ code: 'NOT_FOUND' });
    await mend();
    await replay(license);
    mend = async () => undefined;
    expect((await validate(next)).body).toMatchObject({ valid: true, code: 'VALID' });
    expect((await ledger.database.superuser.query('select from ops.parked_keys')).rows).toEqual([]);
  });

  test('belongs to its new holder and no longer to the previous one', async () => {
    await command(license, 'transfer', { toHolderOrganizationId: ledger.b.organizationId, accepted: true });
    await isParked(license);
    expect((await get(license, '', ledger.b.apiKey)).status).toBe(200);
    await command(license, 'transfer', { toHolderOrganizationId: null });
    expect((await get(license, '', ledger.b.apiKey)).status).toBe(404);
    const byB = { key: ledger.b.apiKey, body: { licenseId: license.licenseId } };
    expect((await ledger.call('POST', '/v1/licenses/validate', byB)).body).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('gets 503 when its stream cannot be read either', async () => {
    await client('activate', license, { fingerprint: 'second' });
    await isParked(license);
    const stream = `license-${license.licenseId}`;
    const store = ledger.store.connect();
    const { revision } = await store.read(stream);
    if (revision === 'no_stream') throw new Error('The license has no stream.');
    const unreadable = { id: '00000000-0000-4000-8000-000000000009', type: 'LicenseGilded', data: {}, metadata: {} };
    await store.append(stream, [unreadable], revision, { timeoutMs: 5_000 });
    for (const answer of [await validate(license), await features(license), await get(license)])
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
  });
});

test('A license without any row is found by its key and by its id', async () => {
  const { superuser } = ledger.database;
  await superuser.query('alter table rm.licenses add constraint none check (false) not valid');
  try {
    const license = await ledger.issue();
    await isKeyParked(license);
    expect((await validate(license)).body).toMatchObject({ valid: true, code: 'VALID' });
    expect((await get(license)).body).toMatchObject({ id: license.licenseId, status: 'ACTIVE' });
    expect((await get(license, '', ledger.b.apiKey)).status).toBe(404);
    for (const list of ['/activations', '/users', '/history']) {
      expect((await get(license, list)).body).toMatchObject({ code: 'NOT_PROJECTED_YET' });
      expect((await get(license, list, ledger.b.apiKey)).status).toBe(404);
    }
  } finally {
    await superuser.query('alter table rm.licenses drop constraint none');
  }
});

const lookByKey = {
  name: 'parked_license_by_key',
  parameters: 'hashes bytea[], out license_id text, out key_version integer',
  body: (waits: string) =>
    `${waits}; select o.license_id, o.key_version into license_id, key_version from ops.other(hashes) o;`,
};
const lookById = {
  name: 'parked_among',
  parameters: 'licenses text[], organizations text[], out streams text[]',
  body: (waits: string) =>
    `if cardinality(licenses) > 0 then ${waits}; end if; streams := ops.other(licenses, organizations);`,
};

test.each([
  { how: 'by its key', look: lookByKey, ask: (license: License) => validate(license), shown: { valid: true } },
  { how: 'by its id', look: lookById, ask: (license: License) => get(license), shown: { status: 'ACTIVE' } },
  {
    how: 'for validation by its id',
    look: lookById,
    shown: { valid: true },
    ask: ({ licenseId }: License) =>
      ledger.call('POST', '/v1/licenses/validate', { key: ledger.a.apiKey, body: { licenseId } }),
  },
])('A license that is replayed during a request is found $how', async ({ look, ask, shown }) => {
  const { superuser } = ledger.database;
  await superuser.query('alter table rm.licenses add constraint none check (false) not valid');
  const license = await ledger.issue();
  await isKeyParked(license);
  await superuser.query('alter table rm.licenses drop constraint none');
  // The request has found no rows by then, and looks for what is parked only after the replay.
  const waits = `while exists (select from ops.parked where stream = 'license-${license.licenseId}') loop
    perform pg_sleep(0.01); end loop`;
  await superuser.query(`alter function ops.${look.name} rename to other;
    create function ops.${look.name}(${look.parameters}) language plpgsql security definer as $$
      begin ${look.body(waits)} end $$`);
  try {
    const asked = ask(license);
    await eventually(async () => {
      const { rowCount } = await superuser.query(
        `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      );
      return rowCount;
    }).toBeGreaterThan(0);
    await replay(license);
    const { status, body } = await asked;
    expect([status, body]).toEqual([200, expect.objectContaining(shown)]);
  } finally {
    await superuser.query(`drop function ops.${look.name}; alter function ops.other rename to ${look.name}`);
  }
});

test('Licenses of an issuer that is closed only in its stream are those of a closed issuer', async () => {
  const vendor = await ledger.createVendor('Closing');
  const owner = await ledger.createMember(vendor.organizationId, 'OWNER');
  const license = await ledger.issue({}, vendor);
  const { superuser } = ledger.database;
  await superuser.query(
    `alter table rm.organizations add constraint open check (organization_id <> '${vendor.organizationId}' or closed_at is null)`,
  );
  try {
    const { status } = await ledger.call('DELETE', `/v1/organizations/${vendor.organizationId}`, {
      key: owner.accessToken,
    });
    expect(status).toBeLessThan(300);
    await eventually(parked).toContain(`organization-${vendor.organizationId}`);
    expect((await validate(license)).body).toMatchObject({ valid: false });
    expect((await client('activate', license, { fingerprint: 'first' })).body).toMatchObject({
      code: 'ORGANIZATION_CLOSED',
    });
  } finally {
    await superuser.query('alter table rm.organizations drop constraint open');
  }
});
