import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type RotateOptions, rotateSecretsCommand } from '../../src/cli/secrets/rotate-secrets.ts';
import { withSecrets } from '../../src/cli/secrets/secrets-session.ts';
import { secretsStatusCommand } from '../../src/cli/secrets/secrets-status.ts';
import { asOwner, forgetHolder, noteSecrets } from '../../src/identity/secret-records/stored-secrets-table.ts';
import { newSecret, parseSecrets } from '../../src/identity/secrets.ts';
import { createReadModels } from '../support/read-models.ts';
import { temporaryDirectory } from '../support/temporary.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const lines: string[] = [];
beforeAll(async () => {
  models = await createReadModels();
  await models.superuser.query('update ops.projection_versions set is_level = true');
});
afterAll(() => models.drop());
beforeEach(async () => {
  vi.stubEnv('DATABASE_URL', models.url);
  vi.stubEnv('EVENTSTORE_URL', 'esdb://127.0.0.1:1?tls=false');
  vi.stubEnv('LOG_LEVEL', 'silent');
  for (const name of ['log', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((line) => lines.push(`${line}`));
  await models.superuser.query('truncate ops.secrets, ops.secret_holders, rm.license_keys');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  lines.length = 0;
  process.exitCode = undefined;
});

const old = newSecret();
const idOf = (text: string) => parseSecrets(text).signing.id;
const none = { prepare: false, switch: false, retire: false, force: false, json: false };

/** Runs a command. Returns its exit code and what it printed. */
const run = async (command: Promise<void>) => {
  await command;
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { code, output: lines.splice(0).join('\n') };
};
const rotate = (options: Partial<RotateOptions>) => run(rotateSecretsCommand({ ...none, ...options }));
const status = async () => {
  const { code, output } = await run(secretsStatusCommand({ json: true }));
  return { code, ...(JSON.parse(output) as { secrets: { id: string; state: string; place: number | null }[] }) };
};
const states = async () => (await status()).secrets.map(({ id, state, place }) => [id, state, place]);

/** A process that runs with these secrets. Returns what ends it. */
const startProcess = async (list: string, pid: number) => {
  const [secrets, name] = [parseSecrets(list), { processId: crypto.randomUUID(), host: 'host', pid, roles: ['api'] }];
  expect(await asOwner(models.url, (db) => noteSecrets(db, secrets, name))).toBeNull();
  return () => asOwner(models.url, (db) => forgetHolder(db, secrets, name));
};

test('A secret in a file is rotated in three steps, each only when every process is ready for it', async () => {
  const file = path.join(await temporaryDirectory(), 'secret');
  writeFileSync(file, `${old}\n`, { mode: 0o640 });
  vi.stubEnv('LEDGER_SECRET_FILE', file);
  const list = () => readFileSync(file, 'utf8').trim();
  const stops = [await startProcess(list(), 1), await startProcess(list(), 2)];

  expect(await rotate({ prepare: true })).toMatchObject({ code: 0 });
  const [, next = ''] = list().split(',');
  expect(list()).toBe(`${old},${next}`);
  expect(readFileSync(`${file}.previous`, 'utf8')).toBe(`${old}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect((await rotate({ prepare: true })).output).toContain(`${idOf(next)} is prepared.`);
  expect(list()).toBe(`${old},${next}`);

  // One of the two processes was restarted.
  await stops[0]?.();
  stops[0] = await startProcess(list(), 3);
  const tooEarly = await rotate({ switch: true });
  expect(tooEarly).toMatchObject({
    code: 5,
    output: expect.stringContaining('process 2 on host (api) would not accept it'),
  });
  expect(list()).toBe(`${old},${next}`);
  await stops[1]?.();
  stops[1] = await startProcess(list(), 4);
  expect(await rotate({ switch: true })).toMatchObject({ code: 0 });
  expect(list()).toBe(`${next},${old}`);

  await stops[0]?.();
  stops[0] = await startProcess(list(), 5);
  expect(await rotate({ retire: true })).toMatchObject({
    code: 5,
    output: expect.stringContaining('process 4 on host'),
  });
  await stops[1]?.();
  const lately = await rotate({ retire: true });
  expect(lately).toMatchObject({ code: 5, output: expect.stringContaining('repeated requests') });
  await models.superuser.query(
    `update ops.secrets set first_signed_at = now() - interval '9 days', last_signed_at = now() - interval '26 hours' where secret_id = $1`,
    [idOf(old)],
  );
  expect(await states()).toEqual([
    [idOf(old), 'VERIFIES', 2],
    [idOf(next), 'SIGNS', 1],
  ]);
  expect(await rotate({ retire: true })).toMatchObject({ code: 0 });
  expect(list()).toBe(next);
  expect(await states()).toEqual([
    [idOf(old), 'RETIRED', null],
    [idOf(next), 'SIGNS', 1],
  ]);
  expect(await rotate({ retire: true })).toMatchObject({ code: 6 });
  await stops[0]?.();
});

test('For a variable the command prints what to set, and changes nothing itself', async () => {
  vi.stubEnv('LEDGER_SECRET', old);
  const stop = await startProcess(old, 1);
  const prepared = JSON.parse((await rotate({ prepare: true, json: true })).output) as {
    newSecret: string;
    changedBy: string;
  };
  expect(prepared).toMatchObject({ changedBy: 'OPERATOR', newSecret: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) });
  const list = `${old},${prepared.newSecret}`;
  vi.stubEnv('LEDGER_SECRET', list);
  expect(await rotate({ switch: true })).toMatchObject({ code: 5 });
  await stop();
  await startProcess(list, 2);
  const { code, output } = await rotate({ switch: true });
  expect([code, output]).toEqual([
    0,
    expect.stringContaining(`Put ${idOf(prepared.newSecret)} first in LEDGER_SECRET`),
  ]);
  expect(output).not.toContain(prepared.newSecret);
});

test('A file that others may read stays readable for the service, and the command warns', async () => {
  const file = path.join(await temporaryDirectory(), 'secret');
  writeFileSync(file, old);
  chmodSync(file, 0o644);
  vi.stubEnv('LEDGER_SECRET_FILE', file);
  await startProcess(old, 1);
  const { output } = await rotate({ prepare: true });
  expect(output).toContain(`Every user of this machine can read ${file}.`);
  expect(statSync(file).mode & 0o777).toBe(0o644);
});

test('A command that was killed before its edit is finished by the next one', async () => {
  const [file, next] = [path.join(await temporaryDirectory(), 'secret'), newSecret()];
  writeFileSync(file, `${next},${old}`);
  vi.stubEnv('LEDGER_SECRET_FILE', file);
  await startProcess(`${next},${old}`, 1);
  await models.superuser.query(
    `insert into ops.secrets (secret_id, check_value, first_signed_at, last_signed_at, retired_at)
    values ($1, '', now(), now(), now()) on conflict (secret_id) do update set retired_at = now()`,
    [idOf(old)],
  );
  expect(await rotate({ retire: true, id: idOf(old) })).toMatchObject({
    code: 0,
    output: expect.stringContaining('is retired already.'),
  });
  expect(readFileSync(file, 'utf8').trim()).toBe(next);
  expect(await rotate({ retire: true, id: idOf(old) })).toMatchObject({ code: 5 });
});

test('A secret that keys of a restored log name is needed, also when it was recorded as prepared before', async () => {
  const [file, signing] = [path.join(await temporaryDirectory(), 'secret'), newSecret()];
  writeFileSync(file, `${signing},${old}`);
  vi.stubEnv('LEDGER_SECRET_FILE', file);
  const stop = await startProcess(`${signing},${old}`, 1);
  await stop();
  expect(await states()).toContainEqual([idOf(old), 'PREPARED', 2]);
  await models.superuser.query(
    `insert into rm.license_keys (issuer_org_id, license_id, key_version, key_hash, secret_id, hint)
      values ('org', 'lic', 1, 'x', $1, 'hint')`,
    [idOf(old)],
  );
  expect(await rotate({ switch: true })).toMatchObject({ code: 5 });
  expect(await rotate({ retire: true, id: idOf(old) })).toMatchObject({ code: 5 });
  expect(readFileSync(file, 'utf8').trim()).toBe(`${signing},${old}`);
  expect(await states()).toContainEqual([idOf(old), 'VERIFIES', 2]);
});

test('A command reads the list when it is its turn, not before', async () => {
  const [file, other] = [path.join(await temporaryDirectory(), 'secret'), newSecret()];
  writeFileSync(file, old);
  await startProcess(old, 1);
  vi.stubEnv('LEDGER_SECRET_FILE', file);
  const { hostname, port } = new URL(models.url);
  // Another command edits the list while this one connects.
  const proxy = createServer((socket) => {
    writeFileSync(file, `${old},${other}`);
    const server = connect(Number(port), hostname);
    socket.pipe(server).pipe(socket);
    for (const side of [socket, server]) side.on('error', () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(models.url);
  url.port = String((proxy.address() as AddressInfo).port);
  url.hostname = '127.0.0.1';
  vi.stubEnv('DATABASE_URL', url.href);
  expect(await rotate({ prepare: true })).toMatchObject({
    code: 0,
    output: expect.stringContaining(`${idOf(other)} is prepared.`),
  });
  await new Promise((resolve) => proxy.close(resolve));
});

test('A lost secret of an earlier build is retired with --force, which migrates the database', async () => {
  const [lost, present] = [newSecret(), newSecret()];
  vi.stubEnv('LEDGER_SECRET', present);
  await models.superuser.query(`drop table ops.secrets, ops.secret_holders;
    drop function identity.api_keys_of_secret(text), identity.tokens_created_between(timestamptz, timestamptz);
    delete from ops.migrations where file in ('ops/220-secrets.sql', 'identity/220-uses-of-secrets.sql')`);
  await models.superuser.query(
    `insert into rm.license_keys (issuer_org_id, license_id, key_version, key_hash, secret_id, hint)
      values ('org', 'lic', 1, 'x', $1, 'hint')`,
    [idOf(lost)],
  );
  expect(await status()).toMatchObject({ code: 2, secrets: [{ id: idOf(lost), state: 'MISSING' }, {}] });
  expect(await rotate({ retire: true, id: idOf(lost) })).toMatchObject({ code: 5 });
  expect(await rotate({ retire: true, id: idOf(lost), force: true })).toMatchObject({ code: 0 });
  await startProcess(present, 1);
  expect(await status()).toMatchObject({ code: 0, secrets: [{ state: 'RETIRED' }, { state: 'SIGNS' }] });
});

test('Counting may take as long as it needs', async () => {
  vi.stubEnv('LEDGER_SECRET', old);
  await startProcess(old, 1);
  const limits = await withSecrets(async ({ db }) => (await db.query('show statement_timeout')).rows);
  expect(limits).toEqual([{ statement_timeout: '0' }]);
});

test('A login that Postgres refuses is named with its variable', async () => {
  const url = new URL(models.url);
  url.pathname = '/nothing';
  vi.stubEnv('DATABASE_URL', url.href);
  vi.stubEnv('LEDGER_SECRET', old);
  await expect(rotate({ prepare: true })).rejects.toThrow(/^DATABASE_URL: Postgres at .* refuses the connection/);
});

test('A link is not replaced by a file, and the command says what to do', async () => {
  const directory = await temporaryDirectory();
  const [target, link] = [path.join(directory, 'target'), path.join(directory, 'link')];
  writeFileSync(target, old);
  chmodSync(target, 0o600);
  symlinkSync(target, link);
  vi.stubEnv('LEDGER_SECRET_FILE', link);
  await startProcess(old, 1);
  const { output } = await rotate({ prepare: true });
  expect(output).toContain(`The command cannot change ${link}: it is a link.`);
  expect([readFileSync(target, 'utf8'), existsSync(`${link}.previous`)]).toEqual([old, false]);
});

test('A secret that license keys need is retired only with --force, also when it is lost', async () => {
  const [lost, present] = [newSecret(), newSecret()];
  await (await startProcess(lost, 1))();
  await startProcess(`${present},${lost}`, 2);
  await models.superuser.query(
    `update ops.secrets set first_signed_at = now() - interval '9 days', last_signed_at = now() - interval '2 days' where secret_id = $1`,
    [idOf(lost)],
  );
  vi.stubEnv('LEDGER_SECRET', present);
  await models.superuser.query(`insert into rm.activations (activation_id, issuer_org_id, license_id, fingerprint_hash, components,
    overage, revision, activated_at) values ('act', 'org', 'lic', 'x', '{}', false, 1, now() - interval '3 days'),
    ('new', 'org', 'lic', 'y', '{}', false, 1, now())`);
  expect(await status()).toMatchObject({
    code: 2,
    secrets: [{ state: 'MISSING', uses: { devices: 1 } }, { state: 'SIGNS' }],
  });
  expect(await rotate({ retire: true })).toMatchObject({ code: 5, output: expect.stringContaining('  1 device\n') });
  expect(await rotate({ retire: true, id: idOf(present), force: true })).toMatchObject({ code: 5 });
  expect(await rotate({ retire: true, force: true })).toMatchObject({ code: 0 });
  expect(await status()).toMatchObject({ code: 0, secrets: [{ state: 'RETIRED' }, { state: 'SIGNS' }] });
});

test('A step needs exactly one option, and a database without a start has no secrets', async () => {
  vi.stubEnv('LEDGER_SECRET', old);
  for (const wrong of [{}, { prepare: true, switch: true }, { prepare: true, force: true }, { switch: true, id: 'x' }])
    await expect(rotate(wrong)).rejects.toMatchObject({ name: 'UsageError' });
  expect(await rotate({ prepare: true })).toMatchObject({ code: 6 });
  expect(await run(secretsStatusCommand({ json: true }))).toMatchObject({ code: 6 });
});

test('Only one command about secrets runs at a time', async () => {
  vi.stubEnv('LEDGER_SECRET', old);
  await startProcess(old, 1);
  const other = await models.superuser.connect();
  await other.query('select pg_advisory_lock(7203114559)');
  await expect(rotate({ prepare: true })).rejects.toThrow('Another `ledger secrets` command runs');
  await other.query('select pg_advisory_unlock(7203114559)');
  other.release();
  expect(await rotate({ prepare: true })).toMatchObject({ code: 0 });
});
