import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { hashApiKey } from '../../src/identity/api-key.ts';
import {
  asOwner,
  forgetHolder,
  noteHolder,
  noteSecret,
  noteSecrets,
  readHolders,
  readStoredSecrets,
  retireSecret,
} from '../../src/identity/secret-records/stored-secrets-table.ts';
import { newSecret, parseSecrets, type Secrets } from '../../src/identity/secrets.ts';
import { createReadModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(async () => {
  await models.superuser.query('truncate ops.secrets, ops.secret_holders, identity.api_keys, identity.api_key_secrets');
  await models.superuser.query('truncate rm.license_keys, rm.licenses, rm.api_keys');
});

const [first, second, third] = [newSecret(), newSecret(), newSecret()];
const secretsOf = (...texts: readonly string[]) => parseSecrets(texts.join(','));
const idOf = (text: string) => secretsOf(text).signing.id;
const name = () => ({ processId: randomUUID(), host: 'host', pid: 1, roles: ['api'] });
const start = (secrets: Secrets, process = name()) => asOwner(models.url, (db) => noteSecrets(db, secrets, process));
const stored = () => asOwner(models.url, readStoredSecrets);
const retire = (id: string) =>
  asOwner(models.url, async (db) => {
    const secret = (await readStoredSecrets(db)).find((known) => known.id === id);
    return retireSecret(db, secret ?? { id, lastSignedAt: null });
  });
const end = async (secrets: Secrets, process: ReturnType<typeof name>) =>
  asOwner(models.url, (db) => forgetHolder(db, secrets, process));

test('Of two processes that start at once on a new database with different secrets, exactly one starts', async () => {
  const faults = await Promise.all([first, second, first, second].map((text) => start(secretsOf(text))));
  const started = faults.filter((fault) => fault === null);
  expect(started).toHaveLength(2);
  const [winner] = await stored();
  const loser = winner?.id === idOf(first) ? second : first;
  expect(faults.filter((fault) => fault !== null)).toEqual([
    { kind: 'MISSING', ids: [winner?.id] },
    { kind: 'MISSING', ids: [winner?.id] },
  ]);
  expect((await stored()).map(({ id }) => id)).not.toContain(idOf(loser));
});

test('A process needs every secret that signed, and no secret that was only prepared', async () => {
  const process = name();
  expect(await start(secretsOf(first, second), process)).toBeNull();
  expect(await start(secretsOf(first))).toBeNull();
  expect(await start(secretsOf(third, second))).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
  await models.superuser.query('truncate ops.secret_holders');
  expect(await start(secretsOf(second, first))).toBeNull();
  expect(await start(secretsOf(first))).toEqual({ kind: 'MISSING', ids: [idOf(second)] });
});

test('A secret with the id of another one is not taken for it', async () => {
  await start(secretsOf(first));
  await models.superuser.query('update ops.secrets set check_value = $1', [secretsOf(second).signing.check]);
  expect(await start(secretsOf(first))).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
});

test('A secret signs only when every running process accepts it', async () => {
  const [older, prepared] = [name(), name()];
  await start(secretsOf(first), older);
  await start(secretsOf(first, second), prepared);
  const refused = await start(secretsOf(second, first));
  expect(refused).toMatchObject({ kind: 'NOT_PREPARED', id: idOf(second) });
  expect(refused).toMatchObject({ lacking: [{ processId: older.processId }] });

  await end(secretsOf(first), older);
  expect(await start(secretsOf(second, first))).toBeNull();
});

test('A process that was not seen for 90 seconds does not hold up a new secret', async () => {
  const killed = name();
  await start(secretsOf(first), killed);
  await models.superuser.query(`update ops.secret_holders set seen_at = now() - interval '91 seconds'`);
  expect(await asOwner(models.url, readHolders)).toEqual([]);
  expect(await start(secretsOf(second, first))).toBeNull();
  await asOwner(models.url, (db) => noteHolder(db, secretsOf(first), killed));
  expect(await asOwner(models.url, readHolders)).toHaveLength(2);
});

test('A retired secret is not needed, and no process signs with it again', async () => {
  const process = name();
  await start(secretsOf(first), process);
  await end(secretsOf(first), process);
  await start(secretsOf(second, first));
  expect(await retire(idOf(first))).toBe(true);
  expect(await start(secretsOf(second))).toBeNull();
  expect(await start(secretsOf(first, second))).toEqual({ kind: 'RETIRED_SIGNS', id: idOf(first) });
});

test('A database of an earlier build starts with the secrets of its keys, and with no others', async () => {
  const [older, newer] = [secretsOf(first), secretsOf(second)];
  await addApiKey('api_1', older);
  await addApiKey('api_2', older, 'now()');
  await addLicenseKey('lic_1', 1, older);
  await addLicenseKey('lic_1', 2, newer);
  expect(await start(secretsOf(third))).toEqual({ kind: 'MISSING', ids: [idOf(first), idOf(second)].sort() });
  expect(await start(newer)).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
  expect(await stored()).toEqual([]);

  expect(await start(secretsOf(second, first, third))).toBeNull();
  const signed = (await stored()).map(({ id, firstSignedAt }) => [id, firstSignedAt?.getTime()]);
  expect(signed).toEqual(
    expect.arrayContaining([
      [idOf(first), 0],
      [idOf(second), 0],
      [idOf(third), 0],
    ]),
  );
  expect(await start(secretsOf(second, third))).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
});

test('A lost secret of an earlier build is retired, and then the database starts without it', async () => {
  await addApiKey('api_1', secretsOf(first));
  await addApiKey('api_2', secretsOf(second));
  expect(await start(secretsOf(second))).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
  expect(await retire(idOf(first))).toBe(true);
  expect(await start(secretsOf(third))).toEqual({ kind: 'MISSING', ids: [idOf(second)] });
  expect(await start(secretsOf(second))).toBeNull();
});

test('On a database with data every secret of the first recorded start may have signed, also one that no key names', async () => {
  await addApiKey('api_1', secretsOf(second));
  expect(await start(secretsOf(second, first))).toBeNull();
  expect((await stored()).map(({ firstSignedAt }) => firstSignedAt?.getTime())).toEqual([0, 0]);
  expect(await start(secretsOf(second))).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
});

test('On a new database the first secret has signed, and a second one is only prepared', async () => {
  expect(await start(secretsOf(first, second))).toBeNull();
  const signed = (await stored()).map(({ id, firstSignedAt }) => [id, firstSignedAt?.getTime()]);
  expect(signed).toEqual([
    [idOf(first), 0],
    [idOf(second), undefined],
  ]);
});

test('A secret is not retired when a process has signed with it since it was counted, or signs with it', async () => {
  const process = name();
  await start(secretsOf(first, second), process);
  await models.superuser.query(`update ops.secrets set last_signed_at = now() - interval '1 day'
    where first_signed_at is not null`);
  const [counted] = await stored();
  if (counted === undefined) throw new Error('No secret is stored.');
  const retireCounted = () => asOwner(models.url, (db) => retireSecret(db, counted));
  expect(await retireCounted()).toBe(false);
  await end(secretsOf(first), process);
  expect(await retireCounted()).toBe(false);
  expect((await stored()).map(({ retiredAt }) => retiredAt)).toEqual([null, null]);
  expect(await retire(idOf(first))).toBe(true);
});

test('Keys of revoked licenses, expired API keys and ended overlaps need no secret, and a running overlap does', async () => {
  await addLicense('lic_1', 1, { revoked_at: 'yesterday' });
  await addLicenseKey('lic_1', 1, secretsOf(first));
  await addLicense('lic_2', 3, { more: overlaps({ 1: 'yesterday', 2: 'tomorrow' }) });
  for (const [index, text] of [first, second, third].entries())
    await addLicenseKey('lic_2', index + 1, secretsOf(text));
  await addApiKey('api_1', secretsOf(first));
  await models.superuser.query(
    `insert into rm.api_keys (issuer_org_id, api_key_id, revision, name, hint, scopes, created_at, expires_at)
      values ('org_1', 'api_1', 1, 'key', 'hint', '{}', 'yesterday', 'yesterday')`,
  );
  expect(await start(secretsOf(newSecret()))).toEqual({ kind: 'MISSING', ids: [idOf(second), idOf(third)].sort() });
  await models.superuser.query(`update rm.api_keys set expires_at = 'tomorrow'`);
  expect(await start(secretsOf(second, third))).toEqual({ kind: 'MISSING', ids: [idOf(first)] });
});

test('Revoked and replaced keys of an earlier build need no secret', async () => {
  await addApiKey('api_1', secretsOf(first), 'now()');
  await addApiKey('api_2', secretsOf(first));
  const { hash, secretId } = hashApiKey(secretsOf(second), 'rotated');
  await models.superuser.query(
    `insert into identity.api_key_secrets (secret_ref, api_key_id, lookup_id, issuer_org_id, hash, secret_id)
      values ('ref', 'api_2', 'rotated', 'org_1', $1, $2)`,
    [hash, secretId],
  );
  await addLicenseKey('lic_1', 1, secretsOf(first));
  await addLicenseKey('lic_1', 2, secretsOf(second));
  expect(await start(secretsOf(third))).toEqual({ kind: 'MISSING', ids: [idOf(second)] });
  expect(await start(secretsOf(second))).toBeNull();
});

test('The stored values are no key of the secret, and only the owner reads them', async () => {
  const { signing } = secretsOf(first);
  await asOwner(models.url, (db) => noteSecret(db, signing));
  expect(signing.check).toHaveLength(16);
  const keys = (['license-key', 'api-key', 'fingerprint', 'idempotency', 'cursor'] as const).map(signing.key);
  for (const key of keys) expect(key.includes(signing.check) || key.toString('hex').includes(signing.id)).toBe(false);
  for (const pool of [models.api, models.worker, models.projector])
    for (const relation of ['ops.secrets', 'ops.secret_holders', "identity.api_keys_of_secret('x')"])
      await expect(pool.query(`select * from ${relation}`)).rejects.toThrow(/permission denied/);
});

const addApiKey = (id: string, secrets: Secrets, revokedAt = 'null') => {
  const { hash, secretId } = hashApiKey(secrets, id);
  return models.superuser.query(
    `insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id, revoked_at)
      values ($1, $1, 'org_1', $2, $3, ${revokedAt})`,
    [id, hash, secretId],
  );
};

/** What `more` has of earlier key versions that work until an instant. */
const overlaps = (versions: Readonly<Record<number, string>>): string =>
  JSON.stringify({
    keyOverlaps: Object.entries(versions).map(([version, until]) => ({ keyVersion: Number(version), until })),
  });

const addLicense = (
  licenseId: string,
  keyVersion: number,
  { revoked_at = null, more = '{}' }: { readonly revoked_at?: string | null; readonly more?: string },
) =>
  models.superuser.query(
    `insert into rm.licenses (license_id, issuer_org_id, revision, position, policy, tier, products, term_number,
        announced_term, limits, entitlements, activations, key_version, created_at, time_zone, recorded_status, revoked_at, more)
      values ($1, 'org_1', 1, 1, '{}', 'paid', '{}', 1, 0, '{}', '{}', 0, $2, now(), 'UTC', 'ACTIVE', $3, $4)`,
    [licenseId, keyVersion, revoked_at, more],
  );

const addLicenseKey = (licenseId: string, version: number, { signing }: Secrets) =>
  models.superuser.query(
    `insert into rm.license_keys (issuer_org_id, license_id, key_version, key_hash, secret_id, hint)
      values ('org_1', $1, $2, $3, $4, 'hint')`,
    [licenseId, version, Buffer.from(`${licenseId} ${version}`), signing.id],
  );
