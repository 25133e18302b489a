import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { organizationAggregate } from '../../src/aggregates/aggregates.ts';
import { bootstrapApiKey } from '../../src/application/bootstrap/bootstrap-api-key.ts';
import { bootstrapOrganization } from '../../src/application/bootstrap/bootstrap-organization.ts';
import { listenForAccessChanges } from '../../src/identity/access/access-listener.ts';
import { createAccessNotices } from '../../src/identity/access/access-notices.ts';
import { createAuthenticate } from '../../src/identity/authenticate.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const authentication = () => {
  const clock = { ms: 0, setBackMs: 0 };
  const { secrets, database, projected } = ledger;
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const notices = createAccessNotices(() => clock.ms);
  // Notices count as arriving, and none does.
  notices.confirm(Number.MAX_SAFE_INTEGER);
  const authenticate = createAuthenticate({
    ...{ pool: database.api, notices },
    secrets,
    nowMs: () => clock.ms - clock.setBackMs,
    elapsedMs: () => clock.ms,
    untilProjected: projected.waitFor,
    onError,
  });
  /** Lets notices arrive. */
  const listen = () =>
    new Promise<void>((listening) => {
      const heard = { note: notices.note, confirm: () => listening() };
      const { stop } = listenForAccessChanges({ url: database.url, notices: heard, onState: onError });
      onTestFinished(stop);
    });
  return { clock, authenticate, listen, errors };
};

test('An API key identifies its organization and scopes, and any other text nobody', async () => {
  const { authenticate } = authentication();
  const { apiKey, apiKeyId, organizationId } = await ledger.createKey(ledger.a.organizationId, [
    'licenses:read',
    'events:read',
  ]);
  expect(await authenticate(apiKey)).toEqual({
    kind: 'apiKey',
    apiKeyId,
    organizationId,
    scopes: ['licenses:read', 'events:read'],
    products: null,
  });
  expect(await authenticate(`${apiKey.slice(0, -1)}!`)).toBeNull();
  expect(await authenticate('')).toBeNull();
});

test('A revoked key works for at most 30 seconds, and a new process refuses it at once', async () => {
  const { clock, authenticate } = authentication();
  const { apiKey, apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  expect(await authenticate(apiKey)).not.toBeNull();
  await ledger.database.superuser.query('update identity.api_keys set revoked_at = now() where api_key_id = $1', [
    apiKeyId,
  ]);
  clock.ms = 29_999;
  expect(await authenticate(apiKey)).not.toBeNull();
  clock.ms = 30_000;
  expect(await authenticate(apiKey)).toBeNull();
  expect(await authentication().authenticate(apiKey)).toBeNull();
});

test('A clock that is set back does not prolong the cache', async () => {
  const { clock, authenticate } = authentication();
  const { apiKey, apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  expect(await authenticate(apiKey)).not.toBeNull();
  await ledger.database.superuser.query('update identity.api_keys set revoked_at = now() where api_key_id = $1', [
    apiKeyId,
  ]);
  clock.ms = 30_000;
  clock.setBackMs = 3_600_000;
  expect(await authenticate(apiKey)).toBeNull();
});

test('With `afresh` the cache is ignored', async () => {
  const { authenticate } = authentication();
  const { apiKey, apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  expect(await authenticate(apiKey)).not.toBeNull();
  await ledger.database.superuser.query('update identity.api_keys set revoked_at = now() where api_key_id = $1', [
    apiKeyId,
  ]);
  expect(await authenticate(apiKey)).not.toBeNull();
  expect(await authenticate(apiKey, 'afresh')).toBeNull();
  expect(await authenticate(apiKey)).toBeNull();
});

const organization = (type: 'RevokeApiKey' | 'CloseOrganization', organizationId: string, apiKeyId: string) =>
  sendCommand(
    ledger.executor,
    organizationAggregate,
    organizationId,
    type === 'RevokeApiKey'
      ? { type, at: ledger.needs.now(), by: { type: 'SYSTEM' }, data: { apiKeyId } }
      : { type, at: ledger.needs.now(), by: { type: 'SYSTEM' }, data: {} },
    context(),
    () => null,
  );

// As after a process that died when the event was stored: nobody else knows of the change.
test.each(['RevokeApiKey', 'CloseOrganization'] as const)(
  '%s ends a key once it is projected, also where it is remembered',
  async (type) => {
    const { organizationId } = await bootstrapOrganization(ledger.needs, {
      commandId: randomUUID(),
      name: 'Short-lived',
    });
    const { apiKey, apiKeyId } = await ledger.createKey(organizationId, ['licenses:read']);
    const remembering = authentication();
    await remembering.listen();
    remembering.clock.ms = 1;
    expect(await remembering.authenticate(apiKey)).not.toBeNull();
    remembering.clock.ms = 2;
    const done = await organization(type, organizationId, apiKeyId);
    if ('rejected' in done) throw new Error(done.detail);
    await ledger.projected.waitFor(done.position.commit, 10_000);
    expect(await authentication().authenticate(apiKey)).toBeNull();
    await expect.poll(() => remembering.authenticate(apiKey)).toBeNull();
  },
);

test('A key works until its expiry and not at that instant, also when it was used before', async () => {
  const { clock, authenticate } = authentication();
  const { apiKey, apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  await ledger.database.superuser.query('update rm.api_keys set expires_at = $2 where api_key_id = $1', [
    apiKeyId,
    new Date(60_000),
  ]);
  clock.ms = 59_999;
  expect(await authenticate(apiKey)).not.toBeNull();
  clock.ms = 60_000;
  expect(await authenticate(apiKey)).toBeNull();
  expect(await authenticate(apiKey)).toBeNull();
});

test('A retried creation returns the same key and appends one event', async () => {
  const before = (await ledger.events()).length;
  const key = {
    commandId: '01890a5d-ac96-774b-bcce-b302099a8057',
    organizationId: ledger.a.organizationId,
    name: 'ci',
    scopes: ['licenses:read'] as const,
  };
  const first = await bootstrapApiKey(ledger.needs, key);
  const again = await bootstrapApiKey(ledger.needs, key);
  expect(again).toEqual(first);
  expect((await ledger.events()).length).toBe(before + 1);
});

test('The last use of a key is stored at most once a minute by all processes together', async () => {
  const { apiKey, apiKeyId } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  const lastUsed = async () => {
    const { rows } = await ledger.database.superuser.query<{ last_used_at: Date | null }>(
      'select last_used_at from identity.api_keys where api_key_id = $1',
      [apiKeyId],
    );
    return rows[0]?.last_used_at?.getTime() ?? null;
  };
  const { clock, authenticate } = authentication();
  const another = authentication();
  const useAt = async (ms: number, by: typeof another) => {
    clock.ms = ms;
    another.clock.ms = ms;
    expect(await by.authenticate(apiKey)).not.toBeNull();
  };
  expect(await lastUsed()).toBeNull();
  await useAt(1_000_000, { ...another, authenticate });
  await expect.poll(lastUsed).toBe(1_000_000);
  // The other process has not stored this use, but Postgres knows of it.
  await useAt(1_059_999, another);
  await useAt(1_030_000, { ...another, authenticate });
  await useAt(1_061_000, { ...another, authenticate });
  await expect.poll(lastUsed).toBe(1_061_000);
});

test('A failure to store a use is reported, and the request continues', async () => {
  const { apiKey } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  const { authenticate, errors } = authentication();
  await ledger.database.superuser.query('revoke update (last_used_at) on identity.api_keys from ledger_api');
  try {
    expect(await authenticate(apiKey)).not.toBeNull();
    await expect.poll(() => errors).toMatchObject([{ code: '42501' }]);
  } finally {
    await ledger.database.superuser.query('grant update (last_used_at) on identity.api_keys to ledger_api');
  }
});

test('Requests that come during a read of a key share it, also its refusal', async () => {
  const { database, secrets, projected } = ledger;
  const { apiKey } = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  let reads = 0;
  const query = (statement: { readonly name?: string }) => {
    if (statement.name === 'identity-authenticate') reads += 1;
    return Reflect.apply(database.api.query, database.api, [statement]);
  };
  const notices = createAccessNotices();
  const authenticate = createAuthenticate({
    ...{ pool: Object.assign(Object.create(database.api), { query }), notices, secrets, nowMs: Date.now },
    untilProjected: projected.waitFor,
    onError: (error) => {
      throw error;
    },
  });
  const unknown = `${apiKey.slice(0, -6)}${'0'.repeat(6)}`;
  for (const text of [apiKey, unknown]) {
    const identities = await Promise.all(Array.from({ length: 50 }, () => authenticate(text)));
    expect(new Set(identities).size).toBe(1);
  }
  expect(reads).toBeLessThanOrEqual(2);
  expect(await authenticate(apiKey, 'afresh')).not.toBeNull();
});
