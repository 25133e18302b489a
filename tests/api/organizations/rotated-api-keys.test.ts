import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listenForAccessChanges } from '../../../src/identity/access/access-listener.ts';
import { createAccessNotices } from '../../../src/identity/access/access-notices.ts';
import { createAuthenticate } from '../../../src/identity/authenticate.ts';
import { type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';

let ledger: Ledger;
let owner: TestMember;
beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
});
afterAll(() => ledger.stop());

const send = (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
  ledger.call(method, path, { key: owner.accessToken, body, headers });
const createKey = async () => {
  const { body } = await send('POST', '/v1/api-keys', { name: 'CI', scopes: ['licenses:read'] });
  return { path: `/v1/api-keys/${body.apiKey?.id}`, secret: String(body.secret), apiKey: body.apiKey };
};
const rotate = async (path: string, body: object = {}, headers: Readonly<Record<string, string>> = {}) => {
  const answer = await send('POST', `${path}/rotate`, body, headers);
  return { answer, secret: String(answer.body.secret), apiKey: answer.body.apiKey };
};
const uses = async (key: string) => (await ledger.call('GET', '/v1/licenses', { key })).status;

/** A process of its own that remembers credentials and listens for notices. */
const otherProcess = async () => {
  const { secrets, database, projected } = ledger;
  let readings = 0;
  const elapsedMs = () => ++readings / 1_000;
  const notices = createAccessNotices(elapsedMs);
  notices.confirm(Number.MAX_SAFE_INTEGER);
  await new Promise<void>((listening) => {
    const heard = { note: notices.note, confirm: () => listening() };
    const listener = listenForAccessChanges({ url: database.url, notices: heard, elapsedMs, onState: () => {} });
    onTestFinished(() => listener.stop());
  });
  const needs = { pool: database.api, secrets, notices, elapsedMs, nowMs: Date.now, onError: () => {} };
  return createAuthenticate({ ...needs, untilProjected: projected.waitFor });
};

describe('A rotation of an API key', () => {
  test('returns a new secret once; the previous one works until the overlap ends', async () => {
    const { path, secret: first, apiKey } = await createKey();
    const { answer, secret: second, apiKey: rotated } = await rotate(path, { overlapSeconds: 60 });
    expect(answer.status).toBe(200);
    expect(second).not.toBe(first);
    const { hint, previousHint, overlapUntil, ...kept } = rotated ?? {};
    expect([hint, previousHint]).toEqual([second.slice(0, 17), first.slice(0, 17)]);
    expect(apiKey).toMatchObject(kept);
    const read = await send('GET', path);
    expect(read.body).toEqual(rotated);
    expect([await uses(first), await uses(second)]).toEqual([200, 200]);

    ledger.clock.aheadMs += 60_000;
    try {
      expect(Date.parse(String(overlapUntil))).toBeLessThanOrEqual(Date.parse(ledger.needs.now()));
      expect([await uses(first), await uses(second)]).toEqual([401, 200]);
    } finally {
      ledger.clock.aheadMs -= 60_000;
    }
  });

  test('lets the previous secret work for 24 hours unless the request says otherwise', async () => {
    const { path } = await createKey();
    const { apiKey } = await rotate(path);
    const hours = (Date.parse(String(apiKey?.overlapUntil)) - Date.parse(ledger.needs.now())) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
    for (const overlapSeconds of [-1, 0.5, 30 * 86_400 + 1, null])
      expect((await rotate(path, { overlapSeconds })).answer.body.code).toBe('INVALID_REQUEST');
  });

  test('without an overlap ends the previous secret in every process that remembers it', async () => {
    const { path, secret: first } = await createKey();
    const processes = [await otherProcess(), await otherProcess()];
    for (const authenticate of processes) expect(await authenticate(first)).toMatchObject({ kind: 'apiKey' });
    const { secret: second } = await rotate(path, { overlapSeconds: 0 });
    expect([await uses(first), await uses(second)]).toEqual([401, 200]);
    for (const authenticate of processes) {
      await expect.poll(() => authenticate(first), { timeout: 10_000 }).toBeNull();
      expect(await authenticate(second)).toMatchObject({ kind: 'apiKey' });
    }
  });

  test('during an overlap ends the oldest secret', async () => {
    const { path, secret: first } = await createKey();
    const authenticate = await otherProcess();
    const { secret: second } = await rotate(path);
    const remembered = [await authenticate(first), await authenticate(second)];
    expect(remembered).toEqual([remembered[1], remembered[1]]);
    const { secret: third } = await rotate(path);
    expect([await uses(first), await uses(second), await uses(third)]).toEqual([401, 200, 200]);
    await expect.poll(() => authenticate(first), { timeout: 10_000 }).toBeNull();
    expect(await authenticate(second)).not.toBeNull();
  });

  test('can end before its time in every process, and keeps the new secret', async () => {
    const { path, secret: first } = await createKey();
    const processes = [await otherProcess(), await otherProcess()];
    const { secret: second } = await rotate(path);
    for (const authenticate of processes) expect(await authenticate(first)).toMatchObject({ kind: 'apiKey' });
    const ended = await send('DELETE', `${path}/previous-secret`);
    expect([ended.status, ended.body.overlapUntil, ended.body.previousHint]).toEqual([200, null, first.slice(0, 17)]);
    expect([await uses(first), await uses(second)]).toEqual([401, 200]);
    for (const authenticate of processes) {
      await expect.poll(() => authenticate(first), { timeout: 10_000 }).toBeNull();
      expect(await authenticate(second)).toMatchObject({ kind: 'apiKey' });
    }
    const again = await send('DELETE', `${path}/previous-secret`);
    expect([again.status, again.body.overlapUntil]).toEqual([200, null]);
    expect((await ledger.call('DELETE', `${path}/previous-secret`, { key: ledger.b.apiKey })).status).toBe(404);

    // The secret before the last rotation of several has a row of its own, which goes.
    const { secret: third } = await rotate(path);
    expect((await send('DELETE', `${path}/previous-secret`)).status).toBe(200);
    expect([await uses(second), await uses(third)]).toEqual([401, 200]);
    const text = 'select from identity.api_key_secrets where api_key_id = $1';
    const stored = await ledger.database.superuser.query(text, [path.split('/').at(-1)]);
    expect(stored.rowCount).toBe(1);
  });

  test('gives the same secret to a repetition with its Idempotency-Key, also when the first answer was lost', async () => {
    const { path } = await createKey();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await rotate(path, {}, headers);
    expect((await rotate(path, {}, headers)).answer.text).toBe(first.answer.text);
    await ledger.database.superuser.query(
      `update ops.idempotency set status = null, body = null, locked_until = now() - interval '1 second'
        where idempotency_key = $1`,
      [headers['idempotency-key']],
    );
    const retried = await rotate(path, {}, headers);
    expect([retried.answer.status, retried.answer.body]).toEqual([200, first.answer.body]);
    expect(await uses(first.secret)).toBe(200);
  });

  test('leaves no secret in the log, a row or the answer of a later read', async () => {
    const { path } = await createKey();
    const { secret, apiKey } = await rotate(path);
    const log = new pg.Client({ connectionString: ledger.store.databaseUrl });
    await log.connect();
    onTestFinished(() => log.end());
    const stored = await log.query(`select * from eventstore.events where type = 'ApiKeyRotated'`);
    expect(stored.rowCount).toBeGreaterThan(0);
    const { rows } = await ledger.database.superuser.query(
      `select * from rm.api_keys join identity.api_key_secrets using (api_key_id) where api_key_id = $1`,
      [apiKey?.id],
    );
    expect(rows).toHaveLength(1);
    const events = stored.rows.map((row) => Object.values(row).map(String).join()).join();
    expect(events).toContain('ApiKeyRotated');
    for (const text of [events, (await send('GET', path)).text, JSON.stringify(rows)])
      expect(text).not.toContain(secret.slice(17));
  });

  test('removes the stored secrets that have ended, and a revocation removes all', async () => {
    const { path } = await createKey();
    const stored = async () => {
      const text = 'select secret_ref from identity.api_key_secrets where api_key_id = $1 order by created_at';
      const { rows } = await ledger.database.superuser.query(text, [path.split('/').at(-1)]);
      return rows.map(({ secret_ref }) => String(secret_ref));
    };
    const headers = { 'idempotency-key': randomUUID() };
    await rotate(path, {}, headers);
    await rotate(path);
    const [first, ...rest] = await stored();
    expect(rest).toHaveLength(1);
    await rotate(path);
    const kept = await stored();
    expect([kept.length, kept.includes(String(first))]).toEqual([2, false]);
    // A late repetition stores its secret again.
    await ledger.database.superuser.query(
      `update ops.idempotency set status = null, body = null, locked_until = now() - interval '1 second'
        where idempotency_key = $1`,
      [headers['idempotency-key']],
    );
    expect((await rotate(path, {}, headers)).answer.status).toBe(200);
    expect(await stored()).toEqual(kept);
    await send('DELETE', path);
    expect(await stored()).toEqual([]);
  });

  test('that is refused stores no secret', async () => {
    const count = async () => {
      const { rows } = await ledger.database.superuser.query('select count(*)::int as n from identity.api_key_secrets');
      return rows[0]?.n;
    };
    const { path } = await createKey();
    await send('DELETE', path);
    const before = await count();
    expect((await rotate(path)).answer.body.code).toBe('NOT_FOUND');
    const unknown = await rotate('/v1/api-keys/key_01h455vb4pex5vsknk084sn02q');
    expect([unknown.answer.status, unknown.answer.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(await count()).toBe(before);
  });
});
