import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { sized } from '../../support/size.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const issueBody = { tier: 'PRO', products: ['local_cli'], metadata: { owner: 'canary-note' } };
const send = (path: string, body: unknown, idempotencyKey: string, key = ledger.a.apiKey) =>
  ledger.call('POST', path, { key, body, headers: { 'idempotency-key': idempotencyKey } });

const rowOf = async (idempotencyKey: string) => {
  const { rows } = await ledger.database.superuser.query<{ text: string; status: number | null }>(
    'select i::text as text, status from ops.idempotency i where idempotency_key = $1',
    [idempotencyKey],
  );
  return rows[0];
};
/** As if the process had died after the append: in flight, and for long enough. */
const dieAfterAppend = (idempotencyKey: string, secret: Buffer | null) =>
  ledger.database.superuser.query(
    `update ops.idempotency set status = null, body = null, secret = $2, locked_until = now() - interval '1 second'
     where idempotency_key = $1`,
    [idempotencyKey, secret],
  );

describe('A repeated request', () => {
  test('gets the first answer, to the byte, and changes nothing again', async () => {
    const key = randomUUID();
    const first = await send('/v1/licenses', issueBody, key);
    const before = await ledger.traces();
    const again = await send('/v1/licenses', issueBody, key);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('ledger-position')).toBe(first.headers.get('ledger-position'));
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await ledger.traces()).toEqual(before);
  });

  test('is refused with another body or another license', async () => {
    const key = randomUUID();
    await send('/v1/licenses', issueBody, key);
    const otherBody = await send('/v1/licenses', { ...issueBody, tier: 'FREE' }, key);
    expect([otherBody.status, otherBody.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);

    const [one, two] = [await ledger.issue(), await ledger.issue()];
    const suspend = { reason: { code: 'LEGAL' } };
    expect((await send(`/v1/licenses/${one.licenseId}/suspend`, suspend, key)).status).toBe(200);
    const otherLicense = await send(`/v1/licenses/${two.licenseId}/suspend`, suspend, key);
    expect([otherLicense.status, otherLicense.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  test('belongs to its organization, so another one can use the same key', async () => {
    const key = randomUUID();
    const [ofA, ofB] = [
      await send('/v1/licenses', issueBody, key),
      await send('/v1/licenses', issueBody, key, ledger.b.apiKey),
    ];
    expect([ofA.status, ofB.status]).toEqual([201, 201]);
    expect(ofA.body.licenseKey).not.toBe(ofB.body.licenseKey);
  });

  test('gets the first refusal when that was final', async () => {
    const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 0 } });
    const key = randomUUID();
    const refused = await send('/v1/licenses/activate', { licenseKey, fingerprint: 'x' }, key);
    expect([refused.status, refused.body.code]).toEqual([409, 'ACTIVATION_LIMIT_EXCEEDED']);
    await send(`/v1/licenses/${licenseId}/suspend`, { reason: { code: 'LEGAL' } }, randomUUID());
    const again = await send('/v1/licenses/activate', { licenseKey, fingerprint: 'x' }, key);
    expect([again.status, again.text]).toEqual([409, refused.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('with another If-Match is decided by the new one', async () => {
    const { licenseId, answer } = await ledger.issue();
    const tag = String(answer.headers.get('etag'));
    const path = `/v1/licenses/${licenseId}/suspend`;
    const headers = { 'idempotency-key': randomUUID() };
    const suspend = (ifMatch: string) =>
      ledger.call('POST', path, {
        key: ledger.a.apiKey,
        body: { reason: { code: 'LEGAL' } },
        headers: { ...headers, 'if-match': ifMatch },
      });
    expect((await suspend('"99"')).body.code).toBe('REVISION_MISMATCH');
    expect((await suspend(tag)).status).toBe(200);
  });

  test('is carried out when the first was malformed or failed in the server', async () => {
    const key = randomUUID();
    expect((await send('/v1/licenses', { ...issueBody, teir: 1 }, key)).status).toBe(400);
    ledger.faults.refuseAppends = { code: 14, details: 'down' };
    expect((await send('/v1/licenses', issueBody, key)).status).toBe(503);
    ledger.faults.refuseAppends = undefined;
    expect((await send('/v1/licenses', issueBody, key)).status).toBe(201);
  });
});

test('Only one of several concurrent requests with one key is carried out, and the others wait or are told to wait', async () => {
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: sized(100) }, () => send('/v1/licenses', issueBody, key)));
  const issued = answers.filter(({ status }) => status === 201);
  const inFlight = answers.filter(({ status }) => status !== 201);
  expect(new Set(issued.map(({ text }) => text)).size).toBe(1);
  for (const answer of inFlight) {
    expect([answer.status, answer.body.code]).toEqual([409, 'IDEMPOTENCY_IN_FLIGHT']);
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  const id = issued[0]?.body.license?.id;
  const { rows } = await ledger.database.superuser.query('select from rm.license_events where license_id = $1', [id]);
  expect(rows).toHaveLength(2);
});

test('A retry after a crash between append and answer gets the same license and the same key', async () => {
  const key = randomUUID();
  let secret: Buffer | null = null;
  // Catches the sealed secret while the request is in flight.
  ledger.faults.replyDelayMs = 300;
  const first = send('/v1/licenses', issueBody, key);
  await expect
    .poll(async () => {
      const { rows } = await ledger.database.superuser.query<{ secret: Buffer | null }>(
        'select secret from ops.idempotency where idempotency_key = $1',
        [key],
      );
      secret = rows[0]?.secret ?? null;
      return secret;
    })
    .not.toBeNull();
  const waiting = await send('/v1/licenses', issueBody, key);
  expect([waiting.status, waiting.body.code]).toEqual([409, 'IDEMPOTENCY_IN_FLIGHT']);
  ledger.faults.replyDelayMs = 0;
  const answered = await first;

  await dieAfterAppend(key, secret);
  const retried = await send('/v1/licenses', issueBody, key);
  expect([retried.status, retried.body]).toEqual([201, answered.body]);
  expect(retried.headers.get('idempotent-replayed')).toBeNull();
  const history = await ledger.call('GET', `/v1/licenses/${retried.body.license?.id}/history`, {
    key: ledger.a.apiKey,
  });
  expect(history.body.data).toMatchObject([{ type: 'LicenseIssued' }, { type: 'LicenseKeyIssued' }]);
});

test('A retry that takes over an activation gets the same activation', async () => {
  const { licenseKey } = await ledger.issue();
  const key = randomUUID();
  const body = { licenseKey, fingerprint: 'device', name: 'build-7' };
  const first = await send('/v1/licenses/activate', body, key);
  await dieAfterAppend(key, null);
  const retried = await send('/v1/licenses/activate', body, key);
  expect([retried.status, retried.text]).toEqual([201, first.text]);
});

test('No secret and no personal value of an answer is stored in clear', async () => {
  const key = randomUUID();
  const answer = await send('/v1/licenses', issueBody, key);
  const row = await rowOf(key);
  expect(row?.status).toBe(201);
  const licenseKey = String(answer.body.licenseKey);
  for (const secret of [licenseKey, licenseKey.replaceAll('-', '').slice(2, 28), 'canary-note']) {
    expect(row?.text).not.toContain(secret);
    expect(row?.text).not.toContain(Buffer.from(secret).toString('hex'));
    expect(row?.text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 16));
  }
});
