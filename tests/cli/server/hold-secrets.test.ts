import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { holdSecrets, refuseUnknownSecrets } from '../../../src/cli/server/hold-secrets.ts';
import { loadSecrets } from '../../../src/cli/server/secret-place.ts';
import { InvalidConfiguration, loadConfig } from '../../../src/config.ts';
import { asOwner, readHolders, retireSecret } from '../../../src/identity/secret-records/stored-secrets-table.ts';
import { newSecret, parseSecrets } from '../../../src/identity/secrets.ts';
import { collectLog } from '../../support/collect-log.ts';
import { condition } from '../../support/product.ts';
import { createReadModels } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => models.superuser.query('truncate ops.secrets, ops.secret_holders'));
afterEach(() => {
  vi.useRealTimers();
});

const [first, second] = [newSecret(), newSecret()];
const idOf = (text: string) => parseSecrets(text).signing.id;
const starting = async (list: string) => {
  const environment = { DATABASE_URL: models.url, EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false', LEDGER_SECRET: list };
  const config = loadConfig(environment);
  const holding = { config, servers: { databaseUrl: models.url }, roles: ['worker'], log: collectLog().pino } as const;
  return [holding, await loadSecrets(config, newSecret)] as const;
};
const start = async (list: string) => holdSecrets(...(await starting(list)));

test('A start with other secrets is refused before and after the migration, and says which secret is missing', async () => {
  await (await start(first))();
  const [holding, secrets] = await starting(second);
  const message = `LEDGER_SECRET has one secret: ${idOf(second)}. This database was used with ${idOf(first)}, which is missing.`;
  for (const refuse of [refuseUnknownSecrets, holdSecrets]) {
    await expect(refuse(holding, secrets)).rejects.toThrow(InvalidConfiguration);
    await expect(refuse(holding, secrets)).rejects.toThrow(message);
  }
  await refuseUnknownSecrets(...(await starting(first)));
});

test('A start says which processes would not accept a new secret, and which secret was retired', async () => {
  const stop = await start(first);
  await expect(start(`${second},${first}`)).rejects.toThrow(
    new RegExp(`process ${process.pid} on .* \\(worker\\) would not accept it. Put ${idOf(second)} last`),
  );
  await stop();
  await (await start(`${second},${first}`))();
  await asOwner(models.url, (db) => retireSecret(db, idOf(first)));
  await expect(start(`${first},${second}`)).rejects.toThrow(`${idOf(first)} was retired`);
});

test('A process records every 30 seconds that it runs, until it ends', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const stop = await start(first);
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
