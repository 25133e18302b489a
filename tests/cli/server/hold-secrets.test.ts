import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { holdSecrets, refuseUnknownSecrets } from '../../../src/cli/server/hold-secrets.ts';
import { loadSecrets } from '../../../src/cli/server/secret-place.ts';
import { InvalidConfiguration, loadConfig } from '../../../src/config.ts';
import {
  asOwner,
  readHolders,
  readStoredSecrets,
  retireSecret,
} from '../../../src/identity/secret-records/stored-secrets-table.ts';
import { newSecret, parseSecrets } from '../../../src/identity/secrets.ts';
import { collectLog } from '../../support/collect-log.ts';
import { condition } from '../../support/product.ts';
import { createReadModels } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() =>
  models.superuser.query('truncate ops.secrets, ops.secret_holders, rm.license_keys, rm.licenses, identity.api_keys'),
);
afterEach(() => {
  vi.useRealTimers();
});

const [first, second] = [newSecret(), newSecret()];
const log = collectLog();
const idOf = (text: string) => parseSecrets(text).signing.id;
const starting = async (list: string) => {
  const environment = { DATABASE_URL: models.url, EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false', LEDGER_SECRET: list };
  const config = loadConfig(environment);
  const holding = { config, servers: { databaseUrl: models.url }, roles: ['worker'], log: log.pino } as const;
  return [holding, await loadSecrets(config, newSecret)] as const;
};
const start = async (list: string) => holdSecrets(...(await starting(list)));

test('A start with other secrets is refused before and after the migration, and says which secret is missing', async () => {
  await (await start(first)).stop();
  const [holding, secrets] = await starting(second);
  const message = `LEDGER_SECRET has one secret: ${idOf(second)}. This database was used with ${idOf(first)}, which is missing.`;
  for (const refuse of [refuseUnknownSecrets, holdSecrets]) {
    await expect(refuse(holding, secrets)).rejects.toThrow(InvalidConfiguration);
    await expect(refuse(holding, secrets)).rejects.toThrow(message);
  }
  await refuseUnknownSecrets(...(await starting(first)));
});

test('An upgrade with other secrets is refused before the migration, and says how to go on without a lost one', async () => {
  await addApiKey(first);
  const { superuser } = models;
  // As an earlier build left it.
  await superuser.query('alter table ops.secrets rename to not_there');
  try {
    const refused = refuseUnknownSecrets(...(await starting(second)));
    await expect(refused).rejects.toThrow(`\`ledger secrets rotate --retire --id ${idOf(first)} --force\``);
    await refuseUnknownSecrets(...(await starting(`${second},${first}`)));
    await superuser.query('update identity.api_keys set revoked_at = now()');
    await refuseUnknownSecrets(...(await starting(second)));
  } finally {
    await superuser.query('alter table ops.not_there rename to secrets');
  }
});

test('A process that others no longer see notices a secret that it lacks when it can record itself again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const older = await start(first);
  await models.superuser.query(`update ops.secret_holders set seen_at = now() - interval '2 minutes'`);
  const newer = await start(`${second},${first}`);
  expect(older.missing()).toEqual([]);
  log.lines.length = 0;
  vi.advanceTimersByTime(30_000);
  await condition('the missing secret is noticed', async () => older.missing().length > 0);
  expect([older.missing(), newer.missing()]).toEqual([[idOf(second)], []]);
  await condition('the log names it', async () => log.lines.join('').includes(`used with ${idOf(second)}`));
  await Promise.all([older.stop(), newer.stop()]);
});

test('A process on an empty database notices keys of another secret when the log was projected', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const held = await start(first);
  await models.superuser.query(`insert into rm.licenses (license_id, issuer_org_id, revision, position, policy, tier, products,
    term_number, announced_term, limits, entitlements, activations, key_version, created_at, time_zone, recorded_status)
    values ('lic', 'org', 1, 1, '{}', 'paid', '{}', 1, 0, '{}', '{}', 0, 1, now(), 'UTC', 'ACTIVE')`);
  await models.superuser.query(
    `insert into rm.license_keys (issuer_org_id, license_id, key_version, key_hash, secret_id, hint)
      values ('org', 'lic', 1, 'x', $1, 'hint')`,
    [idOf(second)],
  );
  vi.advanceTimersByTime(30_000);
  await condition('the missing secret is noticed', async () => held.missing().length > 0);
  expect(held.missing()).toEqual([idOf(second)]);
  await held.stop();
});

test('`ledger init` is recorded by its name, because it has no role', async () => {
  const [holding, secrets] = await starting(first);
  const { stop } = await holdSecrets({ ...holding, roles: [] }, secrets);
  expect(await asOwner(models.url, readHolders)).toMatchObject([{ roles: 'init' }]);
  await stop();
});

test('A start says which processes would not accept a new secret, and which secret was retired', async () => {
  const { stop } = await start(first);
  await expect(start(`${second},${first}`)).rejects.toThrow(
    new RegExp(`process ${process.pid} on .* \\(worker\\) would not accept it. Put ${idOf(second)} last`),
  );
  await stop();
  await (await start(`${second},${first}`)).stop();
  await asOwner(models.url, async (db) => {
    const secret = (await readStoredSecrets(db)).find(({ id }) => id === idOf(first));
    await retireSecret(db, secret ?? { id: idOf(first), lastSignedAt: null });
  });
  await expect(start(`${first},${second}`)).rejects.toThrow(`${idOf(first)} was retired`);
});

test('A process records every 30 seconds that it runs, until it ends', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { stop } = await start(first);
  await models.superuser.query(`update ops.secret_holders set seen_at = now() - interval '1 hour'`);
  await models.superuser.query(`update ops.secrets set last_signed_at = now() - interval '1 hour'`);
  const holders = () => asOwner(models.url, readHolders);
  expect(await holders()).toEqual([]);
  vi.advanceTimersByTime(30_000);
  await condition('the process is recorded again', async () => (await holders()).length === 1);
  await stop();
  const { rows } = await models.superuser.query<{ rows: string; recent: boolean }>(
    `select (select count(*) from ops.secret_holders) as rows, last_signed_at > now() - interval '1 minute' as recent from ops.secrets`,
  );
  expect(rows).toEqual([{ rows: '0', recent: true }]);
});

const addApiKey = (text: string) =>
  models.superuser.query(
    `insert into identity.api_keys (api_key_id, lookup_id, issuer_org_id, hash, secret_id) values ('api', 'api', 'org', 'x', $1)`,
    [idOf(text)],
  );
