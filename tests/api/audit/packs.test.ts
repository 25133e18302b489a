import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAsOf } from '../../../src/application/reading/as-of.ts';
import { createSnapshotKeeper } from '../../../src/eventstore/snapshots/snapshot-keeper.ts';
import { packPlaces } from '../../../src/packs/pack-files.ts';
import { verifyPack } from '../../../src/packs/verify-pack.ts';
import { readZip, sourceOfBytes } from '../../../src/packs/zip/read-zip.ts';
import { parseVerifierKey } from '../../../src/proof/notes/verifier-keys.ts';
import { ClaimLost, claimPack, endPack, purgePacks, writePackPart } from '../../../src/records/pack-jobs.ts';
import { createStreamSnapshots } from '../../../src/records/stream-snapshots.ts';
import { type MakePacksNeeds, makePacks } from '../../../src/workers/make-packs.ts';
import { signTree } from '../../support/issuer-trees.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { quiet } from '../../support/read-models.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const from = '2026-01-01T00:00:00.000Z';
const work = (options: Partial<MakePacksNeeds> = {}): Promise<number> =>
  makePacks({
    ...{ pool: ledger.database.worker, apiPool: ledger.database.api, store: ledger.store.connect(), version: '0.0.0' },
    ...{ now: () => new Date(ledger.needs.now()), log: quiet, waitMs: 20_000, signal: new AbortController().signal },
    ...options,
  });

/** Asks for a pack, or throws what refused it. */
const request = async (body: object, { apiKey: key }: TestOrganization = ledger.a): Promise<string> => {
  const { status, body: pack, text } = await ledger.call('POST', '/v1/audit/packs', { key, body: { from, ...body } });
  if (status !== 202) throw new Error(text);
  return String(pack.packId);
};
const read = async (packId: string, { apiKey: key }: TestOrganization = ledger.a) =>
  (await ledger.call('GET', `/v1/audit/packs/${packId}`, { key })).body;
const download = async (packId: string, { apiKey }: TestOrganization = ledger.a) => {
  const response = await fetch(`${ledger.baseUrl}/v1/audit/packs/${packId}/file`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
};

const history = async () => {
  const { licenseId } = await ledger.issue({ limits: { activations: 5 } });
  const { apiKey: key } = ledger.a;
  await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, { key, body: { reason: { code: 'PAYMENT' } } });
  const answer = await ledger.call('POST', `/v1/licenses/${licenseId}/reinstate`, { key, body: {} });
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
  return licenseId;
};
/** Ends the time of a claim, or the pause after a fault. */
const letPass = (packId: string) =>
  ledger.database.superuser.query('update ops.audit_packs set claimed_until = now() where pack_id = $1', [packId]);
const sign = (organization: TestOrganization = ledger.a) =>
  signTree(ledger.database.superuser, organization.organizationId);

test('A pack is made, downloaded and verified, with the states that the API shows of both instants', async () => {
  const [first, second] = [await history(), await history()];
  const { vkey } = await sign();
  const to = ledger.needs.now();
  const packId = await request({ licenses: [first, second], to });
  expect(await read(packId)).toMatchObject({ state: 'QUEUED', licenses: 2, filter: null, bytes: null });
  expect(await work()).toBe(1);
  const pack = await read(packId);
  expect(pack).toMatchObject({ state: 'READY', reason: null, proofsOnly: false });
  expect(Number(pack.done)).toBe(Number(pack.total));
  const { status, headers, bytes } = await download(packId);
  expect([status, headers.get('content-type'), headers.get('content-length')]).toEqual([
    200,
    'application/zip',
    String(pack.bytes),
  ]);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(pack.sha256);
  const trust = { logs: [parseVerifierKey(vkey)], witnesses: [], licenses: [first, second] };
  const { proved } = await verifyPack(sourceOfBytes(bytes), trust);
  expect(proved.join('\n')).toContain('The histories are complete');

  const states = (await readZip(sourceOfBytes(bytes), packPlaces)).find(({ name }) => name === 'states.ndjson');
  const text = new TextDecoder().decode(await states?.read(0, states.size));
  const past = {
    store: ledger.store.connect(),
    keeper: createSnapshotKeeper({ snapshots: createStreamSnapshots(ledger.database.api) }),
    executor: ledger.executor,
  };
  for (const line of text.trimEnd().split('\n')) {
    const { at, licenseId, state } = JSON.parse(line);
    if (at === 'from') expect(state).toBeNull();
    if (at === 'from') continue;
    const then = await licenseAsOf(past, licenseId, to);
    expect(state.facts).toEqual(JSON.parse(JSON.stringify(then?.facts)));
  }
});

test('A pack has the events that a license gets while the pack waits, because the checkpoint covers them', async () => {
  const licenseId = await history();
  const packId = await request({ licenses: [licenseId] });
  const { apiKey: key } = ledger.a;
  const store = ledger.store.connect();
  let vkey = '';
  const readBackwards: typeof store.readBackwards = async (...place) => {
    const events = await store.readBackwards(...place);
    const answer = await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
      ...{ key, body: { reason: { code: 'PAYMENT' } } },
    });
    await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
    ({ vkey } = await sign());
    return events;
  };
  await work({ store: { read: store.read.bind(store), readBackwards } });
  expect(await read(packId)).toMatchObject({ state: 'READY' });
  const { bytes } = await download(packId);
  const trust = { logs: [parseVerifierKey(vkey)], witnesses: [], licenses: [licenseId] };
  expect((await verifyPack(sourceOfBytes(bytes), trust)).proved.join('\n')).toContain('5 events of 1 license');
});

test('A filter selects the licenses that the organization issued, and a pack with proofs only has no leaves', async () => {
  const licenseId = await history();
  await ledger.issue({ holderOrganizationId: ledger.a.organizationId }, ledger.b);
  const { vkey } = await sign();
  const packId = await request({ filter: {}, proofsOnly: true });
  await work();
  const { bytes } = await download(packId);
  const { proved, notProved } = await verifyPack(sourceOfBytes(bytes), {
    logs: [parseVerifierKey(vkey)],
    witnesses: [],
    proofsOnly: true,
  });
  expect(proved.join('\n')).toMatch(/licenses/);
  expect(notProved.join('\n')).toContain('That the histories are complete');
  const listed = await ledger.call('GET', '/v1/audit/packs?limit=1', { key: ledger.a.apiKey });
  expect(listed.body.data?.[0]).toMatchObject({ packId, filter: {}, licenses: expect.any(Number) });
  expect(Number((await read(packId)).licenses)).toBeGreaterThan(0);
  expect(licenseId).toMatch(/^lic_/);
});

test('Without a notary a pack fails with a sentence, and the next request gets a pack', async () => {
  const licenseId = await history();
  const packId = await request({ licenses: [licenseId] });
  await work({ waitMs: 300 });
  expect(await read(packId)).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('role notary') });
  expect(await download(packId)).toMatchObject({ status: 404 });
  const { rows } = await ledger.database.superuser.query('select from ops.log_demands where issuer_org_id = $1', [
    ledger.a.organizationId,
  ]);
  expect(rows.length).toBe(1);
  await sign();
  const again = await request({ licenses: [licenseId] });
  await work();
  expect((await read(again)).state).toBe('READY');
});

test('A pack of a worker that died is made anew by another one, and nobody reads half of it', async () => {
  const licenseId = await history();
  await sign();
  const packId = await request({ licenses: [licenseId] });
  const { worker } = ledger.database;
  const claimed = await claimPack(worker);
  expect(claimed?.packId).toBe(packId);
  if (claimed === null) return;
  await writePackPart(worker, claimed, 0, Uint8Array.of(1, 2, 3));
  expect(await read(packId)).toMatchObject({ state: 'RUNNING' });
  expect(await download(packId)).toMatchObject({ status: 404 });
  expect(await work()).toBe(0);
  await letPass(packId);
  expect(await work()).toBe(1);
  expect(await read(packId)).toMatchObject({ state: 'READY' });
  await expect(writePackPart(worker, claimed, 3, Uint8Array.of(4))).rejects.toThrow(ClaimLost);
  const { bytes } = await download(packId);
  expect(bytes.subarray(0, 4)).toEqual(Uint8Array.of(0x50, 0x4b, 3, 4));
});

test('A worker that lost its pack fails, and leaves the parts of the next worker', async () => {
  const { worker, superuser } = ledger.database;
  const packId = await request({ licenses: [await history()] });
  const old = await claimPack(worker);
  await letPass(packId);
  const next = await claimPack(worker);
  if (old === null || next === null) throw new Error('Nobody has the pack.');
  await writePackPart(worker, next, 0, Uint8Array.of(1));
  const end = endPack(worker, old, { state: 'FAILED', reason: 'The old worker failed.' }, new Date());
  await expect(end).rejects.toThrow(ClaimLost);
  const { rowCount } = await superuser.query('select from ops.audit_pack_parts where pack_id = $1', [packId]);
  expect(rowCount).toBe(1);
  await endPack(worker, next, { state: 'FAILED', reason: 'The test ends it.' }, new Date());
});

test('Two workers that claim at once do not both get a pack of one organization', async () => {
  const [a] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  for (let count = 0; count < 3; count++) await request({ licenses: [licenseId] }, a);
  const { worker } = ledger.database;
  const claims = await Promise.all([claimPack(worker), claimPack(worker), claimPack(worker)]);
  expect(claims.filter((claim) => claim?.issuerOrgId === a.organizationId)).toHaveLength(1);
  await ledger.database.superuser.query('delete from ops.audit_packs where issuer_org_id = $1', [a.organizationId]);
});

test('A pack whose stored parts are not the written ones is not READY, and after a pause it is made again', async () => {
  const packId = await request({ licenses: [await history()] });
  await sign();
  const { worker } = ledger.database;
  // A database that has lost the parts.
  const losing = new Proxy(worker, {
    get: (pool, name) =>
      name === 'query'
        ? async (query: { readonly name?: string }) =>
            query.name === 'written-audit-pack-part' ? { rows: [] } : pool.query(query as never)
        : Reflect.get(pool, name, pool),
  });
  expect(await work({ pool: losing })).toBe(0);
  expect(await read(packId)).toMatchObject({ state: 'QUEUED', reason: null });
  expect(await work()).toBe(0);
  await letPass(packId);
  expect(await work()).toBe(1);
  expect(await read(packId)).toMatchObject({ state: 'READY' });
});

test('A pack keeps the names of its filters, and no free text', async () => {
  const { apiKey: key } = ledger.a;
  const { licenseId } = await ledger.issue({ externalRef: 'jane@example.com', metadata: { owner: 'Jane' } });
  await expect
    .poll(async () => (await ledger.call('GET', '/v1/licenses?externalRef=jane@example.com', { key })).body.data)
    .toHaveLength(1);
  const packId = await request({ filter: { externalRef: 'jane@example.com', metadata: { owner: 'Jane' } } });
  expect(await read(packId)).toMatchObject({ licenses: 1, filter: { externalRef: null, metadata: { owner: null } } });
  await sign();
  await work();
  const { bytes } = await download(packId);
  const manifest = (await readZip(sourceOfBytes(bytes), packPlaces)).at(-1);
  const text = new TextDecoder().decode(await manifest?.read(0, manifest.size));
  expect(text).not.toMatch(/jane/i);
  expect(licenseId).toMatch(/^lic_/);
});

test('A worker that stops gives its pack back', async () => {
  const licenseId = await history();
  const packId = await request({ licenses: [licenseId] });
  const stopping = new AbortController();
  const working = work({ signal: stopping.signal });
  await expect.poll(async () => (await read(packId)).state).toBe('RUNNING');
  stopping.abort();
  expect(await working).toBe(0);
  expect(await read(packId)).toMatchObject({ state: 'QUEUED', reason: null });
  await sign();
  expect(await work()).toBe(1);
});

test('A repeated request with one Idempotency-Key gets the same pack', async () => {
  const [a] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  await sign(a);
  const send = () =>
    ledger.call('POST', '/v1/audit/packs', {
      ...{ key: a.apiKey, body: { licenses: [licenseId], from } },
      headers: { 'idempotency-key': 'once' },
    });
  const [one, again] = [await send(), await send()];
  expect([one.status, again.status]).toEqual([202, 202]);
  expect(again.body.packId).toBe(one.body.packId);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
});

test('Licenses of others, no license, instants in the future or in the wrong order are refused with the place', async () => {
  const { licenseId } = await ledger.issue({}, ledger.b);
  const refusalOf = async (body: object) =>
    (await ledger.call('POST', '/v1/audit/packs', { key: ledger.a.apiKey, body: { from, ...body } })).body;
  expect(await refusalOf({ licenses: [licenseId] })).toMatchObject({
    code: 'LICENSE_NOT_FOUND',
    errors: [{ pointer: '/licenses/0' }],
  });
  expect(await refusalOf({ filter: { externalRef: 'nobody has this' } })).toMatchObject({ code: 'LICENSE_NOT_FOUND' });
  expect(await refusalOf({ filter: {}, to: '2999-01-01T00:00:00.000Z' })).toMatchObject({
    errors: [{ pointer: '/to' }],
  });
  expect(await refusalOf({ filter: {}, to: '2025-01-01T00:00:00.000Z' })).toMatchObject({
    errors: [{ pointer: '/from' }],
  });
  expect(await refusalOf({ filter: {}, licenses: [licenseId] })).toMatchObject({ code: 'INVALID_REQUEST' });
  expect(await refusalOf({ filter: { status: 'ACTIVE', suspendedFor: 'PAYMENT' } })).toMatchObject({
    errors: [{ pointer: '/filter/suspendedFor' }],
  });
});

test('A pack and its file are removed seven days after it was made', async () => {
  const [a] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  await sign(a);
  const packId = await request({ licenses: [licenseId] }, a);
  await work();
  const { expiresAt } = await read(packId, a);
  await purgePacks(ledger.database.worker, new Date(Date.parse(String(expiresAt)) - 1));
  expect((await download(packId, a)).status).toBe(200);
  expect(await purgePacks(ledger.database.worker, new Date(String(expiresAt)))).toBeGreaterThan(0);
  const { rows } = await ledger.database.superuser.query('select from ops.audit_pack_parts where pack_id = $1', [
    packId,
  ]);
  expect(rows).toEqual([]);
  expect((await ledger.call('GET', `/v1/audit/packs/${packId}`, { key: a.apiKey })).status).toBe(404);
});
