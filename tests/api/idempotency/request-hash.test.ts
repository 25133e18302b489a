import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import { requestHashes, secretFields } from '../../../src/api/idempotency/request-hash.ts';
import { commandIdFor } from '../../../src/eventstore/uuids.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const post = (path: string, body: object, once: string, key?: string) =>
  ledger.call('POST', path, { key, body, headers: { 'idempotency-key': once } });
const asA = (path: string, body: object, once: string) => post(path, body, once, ledger.a.apiKey);
const rowOf = async (once: string): Promise<{ request_hash: string; principal: string }> =>
  (await ledger.database.superuser.query('select * from ops.idempotency where idempotency_key = $1', [once])).rows[0];
/** As if 24 hours had passed. */
const forget = (once: string) =>
  ledger.database.superuser.query('delete from ops.idempotency where idempotency_key = $1', [once]);
/** Until `undo`, the ledger signs with another secret and still verifies with the one before. */
const rotateSecret = () => {
  const before = { ...ledger.secrets };
  Object.assign(ledger.secrets, parseSecrets(`${base64(9)},${base64(7)}`));
  return () => Object.assign(ledger.secrets, before);
};
/** The hash that the release before stored for a validated request. */
const legacyHash = (input: object) =>
  createHmac('sha256', ledger.secrets.signing.key('idempotency')).update(JSON.stringify(input)).digest('hex');
const refusal = ({ status, body }: Awaited<ReturnType<typeof post>>) => [status, body.code];
const reused = [422, 'IDEMPOTENCY_KEY_REUSED'];

describe('A request is recognized as its client sent it,', () => {
  const secrets = parseSecrets(base64(7));
  const hashOf = (body: unknown, { legacyInput = {}, about = {}, params = {}, query = {} } = {}) =>
    requestHashes(secrets, { sent: { params, query, body }, about, legacyInput })[0];

  test('in any order of its fields', () => {
    expect(hashOf({ a: { b: 1, c: [2] }, d: null })).toBe(hashOf({ d: null, a: { c: [2], b: 1 } }));
    expect(hashOf({ list: [1, 2] })).not.toBe(hashOf({ list: [2, 1] }));
  });

  test('before defaults, so a default of a new release does not change it', () => {
    expect(hashOf({ name: 'a' }, { legacyInput: { name: 'a' } })).toBe(
      hashOf({ name: 'a' }, { legacyInput: { name: 'a', added: true } }),
    );
  });

  test('with its path, its query and the ids in a token', () => {
    const all = [
      hashOf({}),
      hashOf({}, { params: { id: '1' } }),
      hashOf({}, { query: { id: '1' } }),
      hashOf({}, { about: { id: '1' } }),
      hashOf({ id: '1' }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(hashOf(undefined)).toBe(hashOf({}));
  });

  test('without its passwords and tokens', () => {
    for (const name of secretFields) expect(hashOf({ [name]: 'a', email: 'x' })).toBe(hashOf({ email: 'x' }));
    expect(hashOf({ metadata: { password: 'a' } })).not.toBe(hashOf({ metadata: { password: 'b' } }));
  });
});

/** The names of all fields of a schema, with those of fields inside fields as `outer.inner`. */
const fieldsOf = (schema: z.core.$ZodType, path: readonly string[] = []): readonly string[] => {
  const { def } = schema._zod;
  const inner = (each: z.core.$ZodType) => fieldsOf(each, path);
  if ('shape' in def) {
    const shape = def.shape as Readonly<Record<string, z.core.$ZodType>>;
    return Object.entries(shape).flatMap(([name, each]) => [
      [...path, name].join('.'),
      ...fieldsOf(each, [...path, name]),
    ]);
  }
  return ['innerType', 'element', 'options', 'in', 'out', 'left', 'right'].flatMap((name) => {
    const part = Reflect.get(def, name);
    if (Array.isArray(part)) return part.filter((each) => each instanceof z.ZodType).flatMap(inner);
    return part instanceof z.ZodType ? inner(part) : [];
  });
};

test('No secret field of any operation recognizes a request', () => {
  const named = ledger.routes.flatMap(({ operationId, request }) => {
    const { body } = request.shape;
    const fields = body === undefined ? [] : fieldsOf(body);
    return fields.filter((name) => /password|token|secret/i.test(name)).map((name) => ({ operationId, name }));
  });
  expect(named.filter(({ name }) => !secretFields.has(name))).toEqual([]);
  expect(new Set(named.map(({ name }) => name))).toEqual(new Set(secretFields));
});

describe('After a rotation of the signing secret', () => {
  test('a repeated request gets the first answer', async () => {
    const once = randomUUID();
    const first = await asA('/v1/projects', { name: 'Apollo' }, once);
    const undo = rotateSecret();
    const again = await asA('/v1/projects', { name: 'Apollo' }, once);
    const other = await asA('/v1/projects', { name: 'Gemini' }, once);
    undo();
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(refusal(other)).toEqual(reused);
  });

  test('a request that only its stream remembers gets the first answer with the stored ids', async () => {
    const { licenseKey } = await ledger.issue();
    const once = randomUUID();
    const device = { licenseKey, fingerprint: 'laptop', name: 'build-7' };
    const first = await post('/v1/licenses/activate', device, once);
    await forget(once);
    const undo = rotateSecret();
    const again = await post('/v1/licenses/activate', device, once);
    undo();
    expect([again.status, again.body.activation]).toEqual([201, first.body.activation]);
  });
});

describe('A request to the previous release that is repeated to this one', () => {
  const reason = { code: 'LEGAL', text: 'why' };

  test('gets the first answer', async () => {
    const once = randomUUID();
    const first = await asA('/v1/projects', { name: 'Apollo' }, once);
    await ledger.database.superuser.query('update ops.idempotency set request_hash = $2 where idempotency_key = $1', [
      once,
      legacyHash({ name: 'Apollo', metadata: {} }),
    ]);
    expect((await asA('/v1/projects', { name: 'Apollo' }, once)).text).toBe(first.text);
    expect(refusal(await asA('/v1/projects', { name: 'Gemini' }, once))).toEqual(reused);
  });

  test('is recognized by its stream', async () => {
    const [{ licenseId }, { licenseId: other }] = [await ledger.issue(), await ledger.issue()];
    const once = randomUUID();
    await asA(`/v1/licenses/${other}/suspend`, { reason }, randomUUID());
    const { rows } = await ledger.database.superuser.query(
      `select principal from ops.idempotency where operation = 'suspendLicense' limit 1`,
    );
    const sent = context({
      commandId: commandIdFor(ledger.a.organizationId, rows[0].principal, 'suspendLicense', once),
      requestHash: legacyHash({ licenseId, body: { reason } }),
    });
    const at = ledger.needs.now();
    const command = { type: 'Suspend', at, data: { reasonCode: 'LEGAL', until: null } } as const;
    await sendCommand(ledger.executor, licenseAggregate, licenseId, command, sent, () => null);
    const again = await asA(`/v1/licenses/${licenseId}/suspend`, { reason }, once);
    // Sent under any other id it would change nothing.
    expect([again.status, again.body.changed]).toEqual([200, true]);
  });
});

describe('For a request with a password,', () => {
  const password = 'four small green apples';
  const signUp = async () => {
    const [email, once] = [`${randomUUID()}@x.example`, randomUUID()];
    const answer = await post('/v1/auth/signup', { email, password }, once);
    expect(answer.status).toBe(201);
    return { email, once, answer };
  };

  test('no hash over the password is stored', async () => {
    const { email } = await signUp();
    const [one, two] = [randomUUID(), randomUUID()];
    await post('/v1/auth/login', { email, password }, one);
    await post('/v1/auth/login', { email, password: 'seven tall blue pears' }, two);
    expect((await rowOf(one)).request_hash).toBe((await rowOf(two)).request_hash);
  });

  test('the answer is returned again only for the same password', async () => {
    const { email, once, answer } = await signUp();
    expect((await post('/v1/auth/signup', { email, password }, once)).text).toBe(answer.text);
    const other = 'seven tall blue pears';
    expect(refusal(await post('/v1/auth/signup', { email, password: other }, once))).toEqual(reused);

    const login = randomUUID();
    const first = await post('/v1/auth/login', { email, password }, login);
    expect((await post('/v1/auth/login', { email, password }, login)).text).toBe(first.text);
    expect(refusal(await post('/v1/auth/login', { email, password: other }, login))).toEqual(reused);
  });

  test('a refusal is decided again, so the right password works with the same key', async () => {
    const { email } = await signUp();
    const once = randomUUID();
    const wrong = await post('/v1/auth/login', { email, password: 'seven tall blue pears' }, once);
    expect(refusal(wrong)).toEqual([401, 'UNAUTHENTICATED']);
    expect((await post('/v1/auth/login', { email, password }, once)).status).toBe(200);
  });

  test('a change is confirmed again only for the chosen password', async () => {
    const { answer } = await signUp();
    const token = String(answer.body.accessToken);
    const once = randomUUID();
    const change = (newPassword: string) =>
      post('/v1/auth/password', { currentPassword: password, newPassword }, once, token);
    expect((await change('seven tall blue pears')).status).toBe(204);
    expect((await change('seven tall blue pears')).status).toBe(204);
    expect(refusal(await change('nine short red plums'))).toEqual(reused);
  });

  test('a signup that an earlier build began puts no hash over the password into its events', async () => {
    const [email, once] = [`${randomUUID()}@x.example`, randomUUID()];
    const body = { email, password, organizationName: 'Taken over' };
    const earlier = legacyHash(body);
    await ledger.database.superuser.query('revoke insert on identity.users from ledger_api');
    expect((await post('/v1/auth/signup', body, once)).status).toBe(500);
    await ledger.database.superuser.query('grant insert on identity.users to ledger_api');
    await ledger.database.superuser.query('update ops.idempotency set request_hash = $2 where idempotency_key = $1', [
      once,
      earlier,
    ]);
    const { status, body: answer } = await post('/v1/auth/signup', body, once);
    expect(status).toBe(201);
    const stream = `organization-${String(answer.organization?.id)}`;
    const events = (await ledger.events()).filter((event) => event.stream === stream);
    expect(events.length).toBeGreaterThan(0);
    for (const { metadata } of events) expect(metadata.requestHash).not.toBe(earlier);
  });
});
