import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { getCheckpointNow } from '../../../src/application/logs/get-checkpoint-now.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { parseVerifierKey } from '../../../src/proof/notes/verifier-keys.ts';
import { reportOnInclusion } from '../../../src/proof/reports.ts';
import { leavesOf, signTree, startStandInNotary } from '../../support/issuer-trees.ts';
import type { Ledger, TestOrganization } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

describe('The proof of an event', () => {
  const proofOf = (eventId: string, { apiKey: key }: TestOrganization, accept = '*/*') =>
    ledger.call('GET', `/v1/events/${eventId}/proof`, { key, headers: { accept } });
  const firstEvent = async (licenseId: string) =>
    String(
      (await ledger.call('GET', `/v1/licenses/${licenseId}/history?limit=1`, { key: ledger.a.apiKey })).body.data?.[0]
        ?.id,
    );

  test('is for the issuer, as text and as JSON, once a checkpoint covers it', async () => {
    const { superuser } = ledger.database;
    const { licenseId } = await ledger.issue();
    const eventId = await firstEvent(licenseId);
    expect(await proofOf(eventId, ledger.a)).toMatchObject({ status: 404, body: { code: 'NOT_IN_CHECKPOINT_YET' } });
    const { vkey } = await signTree(superuser, ledger.a.organizationId);
    const [text, json] = [await proofOf(eventId, ledger.a), await proofOf(eventId, ledger.a, 'application/json')];
    expect([text.status, text.headers.get('vary'), json.headers.get('vary')]).toEqual([200, 'Accept', 'Accept']);
    const trusted = { logs: [parseVerifierKey(vkey)], witnesses: [] };
    const { proved } = reportOnInclusion(text.text, String(json.body.leaf), trusted);
    expect(proved.at(-1)).toContain(`the stream license-${licenseId}`);
    const hashes = text.text.split('\n\n')[0]?.split('\n').slice(2);
    expect(json.body).toMatchObject({ index: Number(/index (\d+)/.exec(text.text)?.[1]), hashes });
    expect(text.text.endsWith(String(json.body.checkpoint))).toBe(true);
  });

  test('is also of events of the own catalog and organization', async () => {
    const { superuser } = ledger.database;
    const own = (await leavesOf(superuser, ledger.a.organizationId)).find(({ stream }) =>
      stream.startsWith('organization-'),
    );
    await signTree(superuser, ledger.a.organizationId);
    const id = encodeId('evt', own?.id ?? '');
    expect((await proofOf(id, ledger.a)).status).toBe(200);
    expect(await proofOf(id, ledger.b)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  test('is for a holder only of events that it sees, and only when the issuer allows it', async () => {
    const { organizationId } = ledger.a;
    const held = await ledger.issue({ holderOrganizationId: ledger.b.organizationId });
    const other = await ledger.issue();
    await signTree(ledger.database.superuser, organizationId);
    const [ofHeld, ofOther] = [await firstEvent(held.licenseId), await firstEvent(other.licenseId)];
    expect(await proofOf(ofHeld, ledger.b)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('holdersGetProofs') },
    });
    await ordain(ledger, organizationId, { type: 'ChangeLogAccess', data: { holdersGetProofs: true } });
    expect((await proofOf(ofHeld, ledger.b)).status).toBe(200);
    expect((await proofOf(ofOther, ledger.b)).status).toBe(404);
    const path = `/v1/logs/${organizationId}/checkpoint`;
    expect((await ledger.call('GET', path, { key: ledger.b.apiKey })).status).toBe(404);
  });
});

describe('A checkpoint on demand', () => {
  const path = () => `/v1/logs/${ledger.b.organizationId}/checkpoints`;

  test('covers all events, and is the newest one when that covers them already', async () => {
    const notary = await startStandInNotary(ledger.database.superuser);
    try {
      const created = await ledger.call('POST', path(), { key: ledger.b.apiKey });
      const leaves = await leavesOf(ledger.database.superuser, ledger.b.organizationId);
      expect(created).toMatchObject({ status: 201, body: { size: leaves.length } });
      const again = await ledger.call('POST', path(), { key: ledger.b.apiKey });
      expect([again.status, again.body]).toEqual([200, created.body]);
    } finally {
      await notary.stop();
    }
  });

  test('ends without one when no notary answers, and the demand stays', async () => {
    const { database } = ledger;
    const { organizationId } = await ledger.createVendor('Waiting');
    const wait = () =>
      getCheckpointNow(database.api, organizationId, {
        onWait: () => undefined,
        signal: new AbortController().signal,
        forMs: 1,
      });
    expect(await wait()).toBeNull();
    const { rows } = await database.superuser.query('select from ops.log_demands where issuer_org_id = $1', [
      organizationId,
    ]);
    expect(rows).toHaveLength(1);
    // All who wait share the looks: one by one they would connect three times each.
    const connect = vi.spyOn(database.api, 'connect');
    expect(new Set(await Promise.all(Array.from({ length: 20 }, wait)))).toEqual(new Set([null]));
    expect(connect.mock.calls.length).toBeLessThan(40);
    connect.mockRestore();
  });
});

test('An OWNER changes who reads the log, and the organization shows it', async () => {
  const { organizationId } = await ledger.createVendor('Choosing');
  const { accessToken: key } = await ledger.createMember(organizationId, 'OWNER');
  const path = `/v1/organizations/${organizationId}`;
  const shown = { logIsPublic: false, holdersGetProofs: false };
  expect((await ledger.call('GET', path, { key })).body).toMatchObject(shown);
  const changed = await ledger.call('PATCH', path, { key, body: { name: 'Chosen', holdersGetProofs: true } });
  expect(changed.body).toMatchObject({ ...shown, name: 'Chosen', holdersGetProofs: true });
  expect((await ledger.call('GET', path, { key })).body).toEqual(changed.body);
});
