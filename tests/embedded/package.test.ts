import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

let temporary: string;
/** A directory in which only the package is installed, with the packages that are not part of its files. */
let directory: string;
let installed: string;

beforeAll(async () => {
  temporary = await mkdtemp(path.join(tmpdir(), 'ledger-package-'));
  const checkout = path.join(temporary, 'checkout');
  const parts = ['src', 'build', 'bin', 'db', 'openapi.json', 'package.json', 'package-lock.json', '.npmrc', 'LICENSE'];
  const settings = ['tsconfig.json', 'tsconfig.build.json'];
  await Promise.all(
    [...parts, ...settings].map((name) => cp(path.join(root, name), path.join(checkout, name), { recursive: true })),
  );
  await symlink(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  await run(npm, ['run', 'build'], { cwd: checkout });
  await run(npm, ['pack'], { cwd: checkout });
  directory = path.join(temporary, 'installation');
  installed = path.join(directory, 'node_modules', 'license-ledger');
  await mkdir(installed, { recursive: true });
  const archive = (await readdir(checkout)).find((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', path.join(checkout, String(archive)), '--strip-components=1', '-C', installed]);
  await Promise.all(
    ['argon2', '@zxcvbn-ts'].map((name) =>
      symlink(path.join(root, 'node_modules', name), path.join(directory, 'node_modules', name)),
    ),
  );
}, 240_000);

afterAll(() => rm(temporary, { recursive: true, force: true, maxRetries: 5 }));

const ledger = (args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
  const env = { ...process.env, LEDGER_DATA_DIR: path.join(directory, 'data') };
  return run(process.execPath, [path.join(installed, 'bin', 'ledger.js'), ...args], { cwd: directory, env }).then(
    (result) => ({ code: 0, ...result }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
};

test('The package holds the compiled program, the types of the client and the licenses of what is in it', async () => {
  const names = await readdir(installed, { recursive: true });
  const needed = ['bin/ledger.js', 'dist/main.js', 'dist/main.js.map', 'dist/eventstore/main.js', 'openapi.json'];
  expect(names).toEqual(
    expect.arrayContaining([...needed, 'dist/client/client.js', 'dist/client/client.d.ts', 'db/base']),
  );
  expect(names.filter((name) => /^(src|build|tests)\b|(^|\/)\.|\.ts$/.test(name) && !name.endsWith('.d.ts'))).toEqual(
    [],
  );
  const notices = await readFile(path.join(installed, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  expect(notices).toMatch(/^@eventstore\/db-client 6\.2\.1 \(Apache-2\.0\)$/m);
  expect(notices).toMatch(/^express \S+ \(MIT\)\n\n[\s\S]+?Permission is hereby granted/m);
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
});

test('A program imports the client of the package', async () => {
  const file = path.join(directory, 'program.mjs');
  await writeFile(file, `import * as client from 'license-ledger/client';\nconsole.log(Object.keys(client).join());\n`);
  const { stdout } = await run(process.execPath, [file], { cwd: directory });
  expect(stdout).toContain('createClient');
});
