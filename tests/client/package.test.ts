import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, openBrowser } from '../support/browser.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { unlimitedFront } from '../support/limits.ts';
import { copyCheckout, install, npm, pack } from '../support/packed.ts';

const root = path.join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const name = '@license-ledger/client';
const gzipBytesMax = 5_000;

let temporary: string;
/** An empty project in which only the package is installed. */
let project: string;
let ledger: Ledger;
let licenseKey: string;
/** Serves the page of the browser from an origin of its own. */
const pageServer = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>An application</title>');
});
let pageUrl: string;

const installPackage = async () => {
  temporary = await mkdtemp(path.join(tmpdir(), 'ledger-client-'));
  project = path.join(temporary, 'project');
  const checkout = path.join(temporary, 'checkout');
  await copyCheckout(checkout, []);
  await npm(['run', 'build', '--workspace', name], checkout);
  await install(project, await pack(checkout, name), ['--offline']);
};

beforeAll(async () => {
  await new Promise<void>((resolve) => pageServer.listen(0, '127.0.0.1', resolve));
  pageUrl = `http://127.0.0.1:${(pageServer.address() as AddressInfo).port}`;
  const frontOf = () => ({ ...unlimitedFront(), corsOrigins: [pageUrl] });
  [ledger] = await Promise.all([startLedger({ frontOf }), installPackage()]);
  ({ licenseKey } = await ledger.issue());
}, 240_000);

afterAll(async () => {
  pageServer.close();
  await ledger.stop();
  await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
});

/** What every user of the package does: an activation, a validation and a refusal. It sets `seen`. */
const useOf = (fingerprint: string) => `
const ledger = createClient({ baseUrl: ${JSON.stringify(ledger.baseUrl)} });
const body = { licenseKey: ${JSON.stringify(licenseKey)}, product: 'local_cli', fingerprint: '${fingerprint}' };
const use = async () => {
  const activated = await ledger.call('activateLicense', { body });
  const { data, requestId } = await ledger.call('validateLicense', { body });
  const refusal = await ledger.call('getLicense', { params: { licenseId: data.license.id } }).catch((error) => error);
  return {
    changed: activated.data.changed,
    hasPosition: typeof activated.position === 'string',
    code: data.code,
    hasRequestId: typeof requestId === 'string',
    refusal: refusal instanceof LedgerProblem && refusal.status,
  };
};`;
const expected = { changed: true, hasPosition: true, code: 'VALID', hasRequestId: true, refusal: 401 };

const inProject = async (file: string, text: string): Promise<string> => {
  await writeFile(path.join(project, file), text);
  return path.join(project, file);
};

const node = async (file: string) => JSON.parse((await run(process.execPath, [file], { cwd: project })).stdout);

test('The package holds both formats with their types, its license and nothing else, and has no dependency', async () => {
  const installed = path.join(project, 'node_modules', name);
  const manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'));
  const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const typed = ['client', 'credentials', 'device-tokens', 'generated/operations', 'index', 'problem', 'send'];
  const format = (folder: string) => ['index.js', ...typed.map((file) => `${file}.d.ts`)].map((file) => folder + file);
  const others = ['LICENSE', 'README.md', 'package.json', 'dist/cjs/package.json'];
  expect(files.sort()).toEqual([...others, ...format('dist/cjs/'), ...format('dist/esm/')].sort());
  expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
  expect(manifest).toMatchObject({ sideEffects: false, license: 'Apache-2.0' });
  expect((await readdir(path.join(project, 'node_modules'))).filter((entry) => !entry.startsWith('.'))).toEqual([
    '@license-ledger',
  ]);
});

test('The package has the version and the license of the product', async () => {
  const read = (file: string) => readFile(path.join(root, file), 'utf8');
  const version = async (file: string) => JSON.parse(await read(file)).version;
  expect(await version('packages/client/package.json')).toBe(await version('package.json'));
  expect(await read('packages/client/LICENSE')).toBe(await read('LICENSE'));
});

test('A program uses the package as ESM', async () => {
  const imports = `import { createClient, LedgerProblem } from '${name}';`;
  const file = await inProject('program.mjs', `${imports}${useOf('esm')}\nconsole.log(JSON.stringify(await use()));\n`);
  expect(await node(file)).toEqual(expected);
});

test('A program uses the package as CommonJS', async () => {
  const imports = `const { createClient, LedgerProblem } = require('${name}');`;
  const print = 'use().then((result) => console.log(JSON.stringify(result)));';
  const file = await inProject('program.cjs', `${imports}${useOf('cjs')}\n${print}\n`);
  expect(await node(file)).toEqual(expected);
});

describe('TypeScript', { timeout: 120_000 }, () => {
  const typed = `
import { type AnswerOf, createClient, type License, LedgerProblem, type Tokens } from '${name}';

const ledger = createClient({ baseUrl: 'https://licenses.example.com' });
export const codeOf = async (licenseKey: string): Promise<AnswerOf<'validateLicense'>['code']> =>
  (await ledger.call('validateLicense', { body: { licenseKey } })).data.code;
export const store = (tokens: Tokens): string => tokens.refreshToken;
export const all = async (licenses: License[] = []) => {
  for await (const license of ledger.each('listLicenses', { query: { tier: 'PRO' } })) licenses.push(license);
};
export const isRefused = (error: unknown): boolean => error instanceof LedgerProblem && error.code === 'UNAUTHENTICATED';
// @ts-expect-error: the operation does not exist.
void ledger.call('sellLicense', {});
// @ts-expect-error: the value does not exist.
void ledger.each('listLicenses', { query: { tier: 'GOLD' } });
`;
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
  const settings = { ...strict, target: 'es2022', lib: ['es2022', 'dom'], types: [] };

  /** Compiles files with the types of the package. Returns what the compiler says. */
  const faultsOf = async (module: object, files: Readonly<Record<string, string>>): Promise<string> => {
    for (const [file, text] of Object.entries(files)) await inProject(file, text);
    const names = Object.keys(files);
    const config = { compilerOptions: { ...settings, ...module }, files: names };
    const file = await inProject(`tsconfig.${names[0]}.json`, JSON.stringify(config));
    return run(process.execPath, [tsc, '-p', file], { cwd: project }).then(
      () => '',
      (error: { message: string; stdout: string }) => `${error.message}\n${error.stdout}`,
    );
  };

  test('finds the types of both formats by the rules of Node', async () => {
    const module = { module: 'node16', moduleResolution: 'node16' };
    expect(await faultsOf(module, { 'typed.mts': typed, 'typed.cts': typed })).toBe('');
  });

  test('finds the types by the rules of a bundler, and compiles the program of the README', async () => {
    const readme = await readFile(path.join(project, 'node_modules', name, 'README.md'), 'utf8');
    const [, program = ''] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? [];
    expect(program).toContain(`from '${name}'`);
    const module = { module: 'esnext', moduleResolution: 'bundler' };
    expect(await faultsOf(module, { 'bundled.ts': typed, 'readme.ts': program })).toBe('');
  });
});

/** Bundles a program for a page, as a vendor would. */
const bundle = async (text: string): Promise<string> => {
  const result = await esbuild.build({
    stdin: { contents: text, resolveDir: project },
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
};

test(`The package adds at most ${gzipBytesMax} bytes to a page, and nothing when it is not used`, async () => {
  const used = await bundle(
    `import { createClient, LedgerProblem, LedgerUnreachable } from '${name}';
     globalThis.used = [createClient, LedgerProblem, LedgerUnreachable];`,
  );
  expect(used).toContain('/v1/licenses/validate');
  expect(gzipSync(used).length).toBeLessThanOrEqual(gzipBytesMax);
  expect(await bundle(`import '${name}';`)).toBe(await bundle(''));
});

const chromium = findChromium();

// On a busy machine a browser takes its time to start.
test.runIf(chromium !== null)(
  'A page of another origin uses the package in a browser',
  { timeout: 120_000 },
  async () => {
    const imports = `import { createClient, LedgerProblem } from '${name}';`;
    const script = await bundle(`${imports}${useOf('browser')}\nglobalThis.use = use;`);
    const browser = await openBrowser(chromium ?? '');
    try {
      const page = await browser.newPage();
      await page.goto(pageUrl);
      await page.addScriptTag({ content: script });
      expect(await page.evaluate('globalThis.use()')).toEqual(expected);
    } finally {
      await browser.close();
    }
  },
);
