import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asOwner, noteSecrets } from '../../src/identity/secret-records/stored-secrets-table.ts';
import { newSecret, parseSecrets } from '../../src/identity/secrets.ts';
import { startStore } from '../support/event-store.ts';
import { createReadModels } from '../support/read-models.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const launcher = path.join(process.cwd(), 'bin/ledger.js');
let models: Awaited<ReturnType<typeof createReadModels>>;
let store: Awaited<ReturnType<typeof startStore>>;
beforeAll(async () => {
  [models, store] = await Promise.all([createReadModels(), startStore()]);
});
afterAll(() => Promise.all([models.drop(), store.stop()]));

/** Runs `ledger start` to its end in a directory. */
const start = async (cwd: string, env: Readonly<Record<string, string>>, roles = 'api,projector,worker') => {
  const options = { cwd, env: { ...process.env, PORT: '0', MANAGEMENT_PORT: '0', ...env } };
  const child = spawn(process.execPath, [launcher, 'start', '--roles', roles], options);
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
};

test('A process with another secret ends with exit code 2, and an .env file is named', {
  timeout: 120_000,
}, async () => {
  const right = parseSecrets(newSecret());
  const name = { processId: crypto.randomUUID(), host: 'host', pid: 1, roles: ['api'] };
  await asOwner(models.url, (db) => noteSecrets(db, right, name));
  const directory = await temporaryDirectory();
  const wrong = newSecret();
  writeFileSync(path.join(directory, 'secret'), wrong);
  const file = path.join(directory, 'secret');
  const lines = [
    `DATABASE_URL=${models.url}`,
    `EVENTSTORE_URL=esdb://127.0.0.1:${store.server.port}?tls=false`,
    `LEDGER_SECRET_FILE=${file}`,
  ];
  writeFileSync(path.join(directory, '.env'), lines.join('\n'));
  const { code, output, errors } = await start(directory, {}, 'projector');
  expect([code, output]).toEqual([2, '']);
  expect(errors).toContain(`Read 3 variables from ${path.join(directory, '.env')}.`);
  expect(errors).toContain(`The file ${file} of LEDGER_SECRET_FILE has one secret: ${parseSecrets(wrong).signing.id}.`);
  expect(errors).toContain(`was used with ${right.signing.id}, which is missing`);
  expect(errors).not.toContain(wrong);
});

test('A data directory that cannot hold the data is refused with exit code 2, and nothing is created', {
  timeout: 120_000,
}, async () => {
  const directory = await temporaryDirectory();
  writeFileSync(path.join(directory, 'file'), '');
  const dataDir = path.join(directory, 'file', 'data');
  const { code, output, errors } = await start(directory, { LEDGER_DATA_DIR: dataDir });
  expect([code, output]).toEqual([2, '']);
  expect(errors).toContain(`The data directory ${dataDir} cannot be used: ${path.join(directory, 'file')} is a file`);
  expect(readdirSync(directory)).toEqual(['file']);
});

test.each(['LEDGER_CHECKPOINT_DIR', 'LEDGER_LOG_KEYS_DIR'])(
  'A notary that cannot write into %s is refused with exit code 2',
  async (variable) => {
    const directory = await temporaryDirectory();
    writeFileSync(path.join(directory, 'file'), '');
    const servers = {
      ...{ DATABASE_URL: 'postgres://127.0.0.1:1/none', EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' },
      LEDGER_SECRET: newSecret(),
    };
    const unusable = path.join(directory, 'file', 'below');
    const { code, output, errors } = await start(directory, { ...servers, [variable]: unusable }, 'notary');
    expect([code, output]).toEqual([2, '']);
    expect(errors).toContain(
      `${variable}: the directory ${unusable} cannot be used: ${path.join(directory, 'file')} is a file`,
    );
    expect(errors).toContain(`Set ${variable} to another one.`);
  },
  60_000,
);

test('A full or read-only disk is refused with exit code 2, and nothing is left behind', {
  timeout: 120_000,
}, async () => {
  const directory = await temporaryDirectory();
  const disk = path.join(directory, 'disk');
  await mkdir(disk);
  // A disk of its own, which only this command sees.
  const script = `mount -t tmpfs -o size=4m none '${disk}' || exit 77
    LEDGER_DATA_DIR='${disk}/data' '${process.execPath}' '${launcher}' start; echo "code $?" >&2; ls -A '${disk}' >&2
    mount -t tmpfs -o ro,size=300m none '${disk}'
    LEDGER_DATA_DIR='${disk}/data' '${process.execPath}' '${launcher}' start; echo "code $?" >&2; ls -A '${disk}' >&2`;
  const run = promisify(execFile)('unshare', ['--map-root-user', '--mount', 'sh', '-c', script], { cwd: directory });
  const result = await run.catch((error: { code?: unknown; stderr?: string }) => error);
  if ('code' in result && (result.code === 77 || result.code === 'ENOENT' || result.stderr?.startsWith('unshare'))) {
    console.log('Full and read-only disks were not tested: this user may not mount one.');
    return;
  }
  const [full, readOnly, ...others] = `${result.stderr}`.split(/^code 2$/m);
  expect(full).toMatch(
    /its disk has 4 MiB free, and a first start needs 200 MiB\. Set LEDGER_DATA_DIR to another one\.\n$/,
  );
  expect(readOnly).toMatch(/^\nThe data directory .* cannot be created in .*: the file system is read-only\. Set/);
  expect(others).toEqual(['\n']);
  expect(existsSync(path.join(disk, 'data'))).toBe(false);
});
