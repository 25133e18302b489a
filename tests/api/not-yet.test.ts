import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOf, linkToChain } from '../../src/eventstore/chain/chain.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const setLevel = (isLevel: boolean) =>
  ledger.database.superuser.query('update ops.projection_versions set is_level = $1, goal = 1000000000', [isLevel]);

describe('While the read models do not contain the log yet', () => {
  test('keys, API keys and users get 503 with the progress, never the answer for unknown ones', async () => {
    const { licenseKey } = await ledger.issue();
    const member = await ledger.createMember(ledger.a.organizationId, 'OWNER');
    const fresh = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
    const validate = () => ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
    const unknown = { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9' };
    await setLevel(false);
    const notYet = {
      status: 503,
      body: {
        code: 'NOT_PROJECTED_YET',
        detail: expect.stringMatching(
          /^The read models are being built: \d+ % of the log is folded\. Try again later\.$/,
        ),
      },
    };
    for (const answer of [
      await validate(),
      await ledger.call('POST', '/v1/licenses/validate', { body: unknown }),
      await ledger.call('GET', '/v1/licenses', { key: fresh.apiKey }),
      await ledger.call('GET', '/v1/licenses', { key: member.accessToken }),
      await ledger.call('GET', '/v1/licenses', { key: ledger.a.apiKey }),
    ]) {
      expect(answer).toMatchObject(notYet);
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    await setLevel(true);
    expect((await validate()).body).toMatchObject({ code: 'VALID' });
    expect((await ledger.call('GET', '/v1/licenses', { key: fresh.apiKey })).status).toBe(200);
    expect((await ledger.call('GET', '/v1/licenses', { key: member.accessToken })).status).toBe(200);
  });
});

test('A process answers 503 when the read models of another release lack a column', async () => {
  const { licenseKey } = await ledger.issue();
  const { superuser } = ledger.database;
  const { rows } = await superuser.query(`select shape from ops.projection_versions where state = 'active'`);
  const signature = 'rm.validation_facts(bytea[], text[], text[])';
  await superuser.query(`alter function ${signature} rename to validation_facts_of_other_release`);
  await superuser.query(`update ops.projection_versions set shape = 'other' where state = 'active'`);
  const validate = () => ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
  expect(await validate()).toMatchObject({ status: 503, body: { code: 'NOT_PROJECTED_YET' } });
  await superuser.query(`update ops.projection_versions set shape = $1 where state = 'active'`, [rows[0].shape]);
  await superuser.query(
    'alter function rm.validation_facts_of_other_release(bytea[], text[], text[]) rename to validation_facts',
  );
  expect((await validate()).body).toMatchObject({ code: 'VALID' });
});

test('A command on a stream with events of a newer release gets 503 and changes nothing', async () => {
  const { licenseId } = await ledger.issue();
  const { store } = ledger;
  const port = store.connect();
  const stream = `license-${licenseId}`;
  const { events } = await port.read(stream);
  const last = events.at(-1);
  if (last === undefined) throw new Error('Nothing is stored.');
  const { hash: _, ...metadata } = last.metadata;
  const gilded = { id: randomUUID(), type: 'LicenseGilded', data: last.data, metadata };
  const end = { stream, nextRevision: last.revision + 1n, hash: hashOf(last) };
  await port.append(stream, linkToChain([gilded], end), last.revision, { timeoutMs: 5_000 });
  const answer = await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
    key: ledger.a.apiKey,
    body: { reason: { code: 'FRAUD' } },
  });
  expect(answer).toMatchObject({
    status: 503,
    body: { code: 'UNAVAILABLE', detail: expect.stringContaining('A newer release of the server has changed this') },
  });
  expect(answer.headers.get('retry-after')).toBe('5');
  expect((await port.read(stream)).events).toHaveLength(events.length + 1);
});
