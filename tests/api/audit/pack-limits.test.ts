import { afterAll, beforeAll, expect, test } from 'vitest';
import { organizationPackBytesMax } from '../../../src/application/packs/make-pack.ts';
import { openPacksMax } from '../../../src/application/packs/request-pack.ts';
import { ClaimLost, claimPack, extendClaim, writePackPart } from '../../../src/records/pack-jobs.ts';
import { signTree } from '../../support/issuer-trees.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { workOnPacks } from '../../support/ready-pack.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const work = (options: Parameters<typeof workOnPacks>[1] = {}) => workOnPacks(ledger, { waitMs: 20_000, ...options });
const request = async (body: object, { apiKey: key }: TestOrganization): Promise<string> => {
  const from = '2026-01-01T00:00:00.000Z';
  const { status, body: pack, text } = await ledger.call('POST', '/v1/audit/packs', { key, body: { from, ...body } });
  if (status !== 202) throw new Error(text);
  return String(pack.packId);
};
const read = async (packId: string, { apiKey: key }: TestOrganization) =>
  (await ledger.call('GET', `/v1/audit/packs/${packId}`, { key })).body;
/** Ends the time of a claim, or a pause. */
const letPass = (packId: string) =>
  ledger.database.superuser.query('update ops.audit_packs set claimed_until = now() where pack_id = $1', [packId]);
const sign = ({ organizationId }: TestOrganization) => signTree(ledger.database.superuser, organizationId);

test('A pack that waits for a checkpoint gives its place back and uses no try, until its time has passed', async () => {
  const [a] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  const packId = await request({ licenses: [licenseId] }, a);
  const { superuser } = ledger.database;
  expect(await work({ waitAtOnceMs: 100 })).toBe(0);
  const { rows } = await superuser.query('select state, tries from ops.audit_packs where pack_id = $1', [packId]);
  expect(rows).toEqual([{ state: 'QUEUED', tries: 0 }]);
  await letPass(packId);
  await superuser.query("update ops.audit_packs set waiting_since = now() - interval '20 s' where pack_id = $1", [
    packId,
  ]);
  expect(await work({ waitAtOnceMs: 100 })).toBe(1);
  expect(await read(packId, a)).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('role notary') });
});

test('A fault of the database in one maker does not leave the other one alone', async () => {
  const [a] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  await sign(a);
  const packId = await request({ licenses: [licenseId] }, a);
  const { worker } = ledger.database;
  let claims = 0;
  const failing = new Proxy(worker, {
    get: (pool, name) =>
      name === 'connect'
        ? // A query passes a function; a transaction, which claims, does not.
          (done?: unknown) => {
            if (done !== undefined) return pool.connect(done as never);
            claims += 1;
            return claims === 2 ? Promise.reject(new Error('The database fails.')) : pool.connect();
          }
        : Reflect.get(pool, name, pool),
  });
  await expect(work({ pool: failing })).rejects.toThrow('The database fails.');
  expect((await read(packId, a)).state).toBe('READY');
});

test('The packs of an organization have a quota of bytes, and deleting one makes room', async () => {
  const [a, b] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  await sign(a);
  const { superuser } = ledger.database;
  const large = await request({ licenses: [licenseId] }, a);
  await work();
  const resize = (bytes: number) =>
    superuser.query('update ops.audit_packs set byte_count = $2 where pack_id = $1', [large, bytes]);
  await resize(organizationPackBytesMax - 1_000);
  const next = await request({ licenses: [licenseId] }, a);
  const remove = (packId: string, { apiKey: key }: TestOrganization) =>
    ledger.call('DELETE', `/v1/audit/packs/${packId}`, { key });
  expect(await remove(next, a)).toMatchObject({ status: 404 });
  await work();
  const failed = await read(next, a);
  expect(failed).toMatchObject({ state: 'FAILED', reason: expect.stringMatching(/quota. Delete packs/) });
  const aDayLater = Date.parse(String(failed.createdAt)) + 86_400_000;
  expect(Date.parse(String(failed.expiresAt))).toBeLessThan(aDayLater + 60_000);
  await resize(organizationPackBytesMax);
  await expect(request({ licenses: [licenseId] }, a)).rejects.toThrow('QUOTA_EXCEEDED');
  expect(await remove(large, b)).toMatchObject({ status: 404 });
  expect(await remove(large, a)).toMatchObject({ status: 204 });
  expect(await remove(next, a)).toMatchObject({ status: 204 });
  const { rows } = await superuser.query('select from ops.audit_pack_parts where pack_id = $1', [large]);
  expect(rows).toEqual([]);
  const again = await request({ licenses: [licenseId] }, a);
  await work();
  expect((await read(again, a)).state).toBe('READY');
});

test('A worker that lost its time writes nothing, while another pack of the organization may be made', async () => {
  const { licenseId } = await ledger.issue();
  const packId = await request({ licenses: [licenseId] }, ledger.a);
  const { worker } = ledger.database;
  const late = await claimPack(worker);
  if (late === null) throw new Error('Nobody has the pack.');
  await letPass(packId);
  await expect(extendClaim(worker, late, { done: 1, total: 2 })).rejects.toThrow(ClaimLost);
  await expect(writePackPart(worker, late, 0, Uint8Array.of(1))).rejects.toThrow(ClaimLost);
  await ledger.database.superuser.query('delete from ops.audit_packs where pack_id = $1', [packId]);
});

test('An organization has few packs at a time, and another one gets its pack meanwhile', async () => {
  const [a, b] = await ledger.createPair();
  const { licenseId } = await ledger.issue({}, a);
  const other = (await ledger.issue({}, b)).licenseId;
  for (let count = 0; count < openPacksMax; count++) await request({ licenses: [licenseId] }, a);
  await expect(request({ licenses: [licenseId] }, a)).rejects.toThrow('QUOTA_EXCEEDED');
  const first = await claimPack(ledger.database.worker);
  expect(first?.issuerOrgId).toBe(a.organizationId);
  const packId = await request({ licenses: [other] }, b);
  await sign(b);
  expect(await work()).toBe(1);
  expect(await read(packId, b)).toMatchObject({ state: 'READY' });
  expect((await ledger.call('GET', `/v1/audit/packs/${packId}`, { key: a.apiKey })).status).toBe(404);
  expect((await ledger.call('GET', `/v1/audit/packs/${packId}/file`, { key: a.apiKey })).status).toBe(404);
});
