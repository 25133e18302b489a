import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { type Product, startProduct } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

const page = readFileSync('docs/cli.md', 'utf8');
const documented = [...page.matchAll(/^## ledger (.+)$/gm)].map(([, name = '']) => name);
const dataDir = mkdtempSync(path.join(tmpdir(), 'ledger-commands-'));
const env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
let product: Product;

beforeAll(async () => {
  await copyProductData(dataDir);
  product = await startProduct(env);
}, 120_000);
afterAll(async () => {
  product.process.kill('SIGTERM');
  await product.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

test('docs/cli.md has a section and a row for every command', async () => {
  const { output } = await runCommand(['--help'], {});
  const commands = output.slice(output.indexOf('Commands:'));
  const names = [...commands.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  expect(new Set(documented.map((name) => name.split(' ')[0]))).toEqual(new Set(names));
  for (const name of documented)
    expect(page).toContain(`| [\`ledger ${name}\`](#ledger-${name.replaceAll(' ', '-')}) |`);
});

test('The examples of docs/cli.md print what the page shows', async () => {
  const examples = [...page.matchAll(/^\$ ledger (.+)\n((?:.+\n)+?)(?=```|\$)/gm)];
  expect(examples.length).toBeGreaterThan(6);
  for (const [, command = '', shown = ''] of examples) {
    // The notary may have signed a moment ago. Then verify says that its event is not projected yet.
    const showsThat = async () => {
      const { output } = await runCommand(command.split(' '), env);
      expect(output).toMatch(new RegExp(`^${patternOf(shown)}$`));
    };
    await vi.waitFor(showsThat, 30_000);
  }
}, 120_000);

test('A command whose reader closes the pipe ends without a stack trace', async () => {
  const script = 'set -o pipefail; node bin/ledger.js openapi | head -1';
  const piped = await promisify(execFile)('bash', ['-c', script]).catch((error) => error);
  expect([0, undefined, 141]).toContain(piped.code);
  expect(piped).toMatchObject({ stdout: '{\n', stderr: '' });
}, 120_000);

/** Returns a pattern for the output: any number stands for a number, the key id for another, and … for anything. */
const patternOf = (shown: string): string =>
  shown
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('Ve6-qNosIHdM-fvW', 'KEY')
    .replaceAll(/\d+/g, '\\d+')
    .replaceAll('KEY', '[\\w-]{16}')
    .replaceAll('…', '.*')
    .replaceAll(/-{5,}/g, '-+');
