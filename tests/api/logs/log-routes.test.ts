import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../../src/domain/ids.ts';
import { leafBytes } from '../../../src/proof/leaf.ts';
import { openCheckpoint } from '../../../src/proof/notes/checkpoints.ts';
import { parseVerifierKey } from '../../../src/proof/notes/verifier-keys.ts';
import { reportOnConsistency } from '../../../src/proof/reports.ts';
import { parseBundle } from '../../../src/proof/tree/entry-bundles.ts';
import { leafHash } from '../../../src/proof/tree/merkle-hashes.ts';
import { testKey } from '../../proof/keys.ts';
import { addLeaves, type SignedTree, signTree } from '../../support/issuer-trees.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';
import { ordain } from '../../support/organizations.ts';

let ledger: Ledger;
let issuer: TestOrganization;
let signed: SignedTree;
const witness = testKey('witness.example', 'WITNESS');
beforeAll(async () => {
  ledger = await startLedger({
    frontOf: limitedFront('log=5/3600', { trustProxy: 1 }, async () => 'ENTERPRISE'),
  });
  issuer = await ledger.createVendor('Issuer');
  await addLeaves(ledger.database.superuser, issuer.organizationId, 300);
  signed = await signTree(ledger.database.superuser, issuer.organizationId, {
    witnesses: [{ key: witness, time: 1_767_225_600 }],
  });
}, 60_000);
afterAll(() => ledger.stop());

const addresses = (function* () {
  for (let number = 1; ; number++) yield `203.0.113.${number}`;
})();

/** Reads a file of a log. `key` null: without a credential, from an address of its own. */
const read = async (
  file: string,
  { of = issuer.organizationId, key = issuer.apiKey as string | null, headers = {} } = {},
) => {
  const response = await fetch(`${ledger.baseUrl}/v1/logs/${of}/${file}`, {
    headers: {
      'x-forwarded-for': String(addresses.next().value),
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: Buffer.from(bytes).toString() };
};
const keys = () => ({ logs: [parseVerifierKey(signed.vkey)], witnesses: [witness.verifier] });

describe('The log of an issuer', () => {
  test('has a checkpoint that its key and its witness signed', async () => {
    const { status, headers, text } = await read('checkpoint');
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      ...[200, 'text/plain; charset=utf-8', 'private, no-cache'],
    ]);
    const { size, root, signers } = openCheckpoint(text, [...keys().logs, witness.verifier]);
    expect([size, root, signers.length]).toEqual([signed.size, signed.root, 2]);
    const again = await read('checkpoint', { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  test('has tiles and leaves in the forms of the standard', async () => {
    const leaves = signed.leaves.map(leafBytes);
    const rest = signed.size - 256;
    for (const [tile, width, first] of [
      ['000', 256, 0],
      [`001.p/${rest}`, rest, 256],
      ['000.p/7', 7, 0],
    ] as const) {
      const [hashes, entries] = [await read(`tile/0/${tile}`), await read(`tile/entries/${tile}`)];
      expect([hashes.status, hashes.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
      const expected = leaves.slice(first, first + width);
      expect(parseBundle(entries.bytes, width)).toEqual(expected);
      expect(Buffer.from(hashes.bytes)).toEqual(Buffer.concat(expected.map((leaf) => leafHash(leaf))));
      const isFull = width === 256;
      const cached = isFull ? 'private, immutable, max-age=3600' : 'private, no-cache';
      expect([hashes.headers.get('cache-control'), entries.headers.get('cache-control')]).toEqual([cached, cached]);
    }
    expect((await read('tile/1/000.p/1')).bytes).toHaveLength(32);
    expect((await read('tile/0/000')).headers.get('vary')).toBe('Authorization');
    const named = await read(`tile/0/000?origin=${encodeURIComponent(signed.origin)}`);
    expect(named.headers.get('cache-control')).toBe('private, immutable, max-age=31536000');
  });

  test('has no tile in another form, and none beyond the served checkpoint', async () => {
    const wider = signed.size - 256 + 1;
    const files = ['tile/0/0', 'tile/0/x000/000', 'tile/0/000.p/256', 'tile/0/000.p/0', 'tile/00/000', 'tile/64/000'];
    const beyond = [
      `tile/0/001.p/${wider}`,
      'tile/0/001',
      'tile/2/000.p/1',
      'tile/entries/002',
      `tile/entries/001.p/${wider}`,
    ];
    for (const file of [...files, ...beyond, 'tile/0/000?origin=ledger.example%2Forg_other']) {
      const { status, text } = await read(file);
      expect([file, status, JSON.parse(text).code]).toEqual([file, 404, 'NOT_FOUND']);
    }
    expect((await read('tile/0/001')).text).toContain(`Add .p/${wider - 1} to the path.`);
  });

  test('lists its keys and checkpoints, and proves that it only grew', async () => {
    const { superuser } = ledger.database;
    const { organizationId, apiKey } = await ledger.createVendor('Growing');
    await addLeaves(superuser, organizationId, 40);
    const older = await signTree(superuser, organizationId, { size: 20 });
    const newer = await signTree(superuser, organizationId);
    const own = { of: organizationId, key: apiKey };
    expect((await read('keys', own)).text).toBe(`${older.vkey}\n`);
    const trusted = { logs: [parseVerifierKey(older.vkey)], witnesses: [] };
    const proof = await read('consistency?from=20', own);
    expect(reportOnConsistency(older.note, proof.text, trusted).proved).toContainEqual(
      expect.stringContaining('The first 20 events of the newer checkpoint are those of the older one'),
    );
    const between = await read(`consistency?from=7&to=20`, own);
    expect(between.text.startsWith('old 7\n') && between.text.endsWith(older.note)).toBe(true);
    expect((await read('consistency?from=7&to=21', own)).status).toBe(404);
    expect((await read('consistency?from=99', own)).status).toBe(404);
    const first = await ledger.call('GET', `/v1/logs/${organizationId}/checkpoints?limit=1`, { key: apiKey });
    expect(first.body).toMatchObject({ hasMore: true, data: [{ size: newer.size, note: newer.note }] });
    const path = `/v1/logs/${organizationId}/checkpoints?cursor=${first.body.nextCursor}`;
    expect((await ledger.call('GET', path, { key: apiKey })).body.data).toMatchObject([
      { size: 20, origin: older.origin },
    ]);
  });

  test('is served from its new origin only after a restart', async () => {
    const { superuser } = ledger.database;
    const { organizationId, apiKey } = await ledger.createVendor('Restarted');
    await addLeaves(superuser, organizationId, 300);
    const before = await signTree(superuser, organizationId);
    const restarted = await signTree(superuser, organizationId, { size: 270, generation: 2 });
    const own = { of: organizationId, key: apiKey };
    expect((await read('checkpoint', own)).text).toBe(restarted.note);
    expect((await read(`tile/0/000?origin=${encodeURIComponent(before.origin)}`, own)).status).toBe(404);
    const consistency = (origin: string) => read(`consistency?from=5&origin=${encodeURIComponent(origin)}`, own);
    expect((await consistency(restarted.origin)).status).toBe(200);
    expect((await consistency(before.origin)).text).toContain(`The origin of this log is ${restarted.origin}`);
    expect((await read('keys', own)).text).toBe(`${before.vkey}\n${restarted.vkey}\n`);
    // The notary has recorded the restart, and has not signed under the third origin yet.
    await superuser.query(
      `insert into ops.log_keys select issuer_org_id, revision + 10, origin || '3', vkey, since from ops.log_keys
        where issuer_org_id = $1 order by revision desc limit 1`,
      [organizationId],
    );
    const { status, text } = await read('checkpoint', own);
    expect([status, JSON.parse(text).code]).toEqual([404, 'NOT_IN_CHECKPOINT_YET']);
  });

  test('is not served while its tiles are built again', async () => {
    const { superuser } = ledger.database;
    const { organizationId, apiKey } = await ledger.createVendor('Rebuilt');
    await signTree(superuser, organizationId);
    await superuser.query('delete from ops.log_tiles where issuer_org_id = $1', [organizationId]);
    const { status, headers } = await read('tile/0/000.p/1', { of: organizationId, key: apiKey });
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  });
});

test('A tile, leaves and a proof that do not lead to the checkpoint are not served', async () => {
  const { superuser } = ledger.database;
  const { organizationId, apiKey } = await ledger.createVendor('Replaced');
  await addLeaves(superuser, organizationId, 600);
  await signTree(superuser, organizationId);
  const own = { of: organizationId, key: apiKey };
  const files = ['tile/0/000', 'tile/0/000.p/9', 'tile/entries/000', 'tile/1/000.p/2', 'consistency?from=600'];
  for (const file of files) expect([file, (await read(file, own)).status]).toEqual([file, 200]);
  const replace = (level: number) =>
    superuser.query(
      `update ops.log_tiles set hashes = overlay(hashes placing sha256(hashes) from 33)
        where issuer_org_id = $1 and level = $2 and tile_index = 0`,
      [organizationId, level],
    );
  await replace(0);
  for (const file of files.slice(0, 3)) expect([file, (await read(file, own)).status]).toEqual([file, 503]);
  await replace(1);
  for (const file of [...files, 'tile/0/001']) expect([file, (await read(file, own)).status]).toEqual([file, 503]);
});

describe('A reader without a credential', () => {
  const files = [
    'checkpoint',
    'checkpoints',
    'keys',
    'consistency?from=1',
    'tile/0/000',
    'tile/entries/000',
    'tile/x/y',
  ];
  const bodyOf = ({ text }: { readonly text: string }) => ({ ...JSON.parse(text), requestId: '' });

  test('gets one answer for a log that is not public and one that does not exist', async () => {
    const unknown = encodeId('org', '01980000-0000-7000-8000-000000000000');
    for (const file of files) {
      const [closed, missing] = [await read(file, { key: null }), await read(file, { key: null, of: unknown })];
      expect([closed.status, bodyOf(closed)]).toEqual([missing.status, bodyOf(missing)]);
      expect([file, closed.status]).toEqual([file, 404]);
      const other = await read(file, { key: ledger.b.apiKey });
      expect([other.status, bodyOf(other)]).toEqual([404, bodyOf(missing)]);
    }
  });

  test('reads a public log, but no proof of a single event', async () => {
    const { organizationId } = issuer;
    await ordain(ledger, organizationId, { type: 'ChangeLogAccess', data: { logIsPublic: true } });
    for (const file of files.slice(0, 6)) expect([file, (await read(file, { key: null })).status]).toEqual([file, 200]);
    expect((await read('tile/0/000', { key: ledger.b.apiKey })).status).toBe(200);
    const id = encodeId('evt', signed.leaves[0]?.id ?? '');
    expect((await ledger.call('GET', `/v1/events/${id}/proof`)).status).toBe(401);
    expect((await ledger.call('POST', `/v1/logs/${organizationId}/checkpoints`)).status).toBe(401);
    await ordain(ledger, organizationId, { type: 'ChangeLogAccess', data: { logIsPublic: false } });
    expect((await read('tile/0/000', { key: null })).status).toBe(404);
  });

  test('is limited by address', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.7' };
    for (const _ of [1, 2, 3, 4, 5]) expect((await read('checkpoint', { key: null, headers })).status).toBe(404);
    expect((await read('checkpoint', { key: null, headers })).status).toBe(429);
    expect((await read('checkpoint', { headers })).status).toBe(200);
  });

  test('with a credential is counted by a limit of its own, and not with the requests that issue', async () => {
    const { headers } = await read('checkpoint');
    expect(headers.get('ratelimit-policy')).toBe('"log_organization";q=1000;w=60');
  });
});

test('A public log of an organization that is closed is read by nobody else', async () => {
  const { organizationId } = await ledger.createVendor('Closing');
  await signTree(ledger.database.superuser, organizationId);
  await ordain(ledger, organizationId, { type: 'ChangeLogAccess', data: { logIsPublic: true } });
  const statusNow = async () => (await read('checkpoint', { of: organizationId, key: null })).status;
  expect(await statusNow()).toBe(200);
  await ordain(ledger, organizationId, { type: 'CloseOrganization', data: {} });
  expect(await statusNow()).toBe(404);
});

test('An API key that is limited to products gets a sentence and no log', async () => {
  const { accessToken: key } = await ledger.createMember(issuer.organizationId, 'OWNER');
  await ledger.call('POST', '/v1/products', { key, body: { code: 'local_cli', name: 'CLI' } });
  const body = { name: 'limited', scopes: ['events:read'], products: ['local_cli'] };
  const created = await ledger.call('POST', '/v1/api-keys', { key, body });
  const { status, text } = await read('checkpoint', { key: String(created.body.secret) });
  expect([status, JSON.parse(text).detail]).toEqual([403, expect.stringContaining('limited to products')]);
});

test('The tag of a tile is that of its bytes', async () => {
  const { bytes, headers } = await read('tile/0/000');
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  expect(headers.get('etag')).toBe(`"${digest}"`);
});
