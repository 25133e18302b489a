import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNodeForBash } from '../support/node-in-bash.ts';
import { differences, readPage, runPage } from '../support/pages.ts';
import { copyProductData } from '../support/prepared.ts';
import { condition, type Product, processesOf, startProduct } from '../support/product.ts';
import { sampled } from '../support/size.ts';

// The test runs every command of these pages in bash, in the folder in which the product was started.
const firstPage = 'docs/getting-started.md';
const pages = [firstPage, ...readdirSync('docs/api').map((file) => `docs/api/${file}`)];
const folder = mkdtempSync(join(tmpdir(), 'ledger-docs-'));
const dataDir = join(folder, '.ledger');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// `npx ledger` finds the command in the folder of the package only.
const before = `npx() { shift; LEDGER_DATA_DIR=.ledger node "${process.cwd()}/bin/ledger.js" "$@"; }\n`;
const withCommands = pages.map(readPage).filter(({ commands }) => commands !== '');

/** Returns true for a page that shows every line of output after a `#`. */
const saysWhatIsPrinted = (page: string): boolean =>
  readFileSync(page, 'utf8').replaceAll('\n', ' ').includes('A line prints the text after its `#`.');

test('There are pages with commands', () => {
  expect(withCommands.map(({ path }) => path)).toContain('docs/getting-started.md');
});

test('No command is silent when the server refuses it', () => {
  // With -s alone curl prints no status, and the next line fails on an empty answer.
  const silent = withCommands.flatMap(({ path, commands }) =>
    [...commands.matchAll(/curl -\w*f\w* /g)].filter(([option]) => !option.includes('S')).map(() => path),
  );
  expect(silent).toEqual([]);
});

describe('Next to a server with rate limits, for a reader who pastes all pages at once,', () => {
  let product: Product;
  let nodeForBash: Awaited<ReturnType<typeof startNodeForBash>>;
  // The process counts the requests of all pages. Each page signs up once at most, and is pasted twice.
  beforeAll(async () => {
    await copyProductData(dataDir);
    product = await startProduct({ LEDGER_DATA_DIR: dataDir, RATE_LIMITS: 'signup=10,login=20' });
    nodeForBash = await startNodeForBash();
  }, 120_000);
  afterAll(async () => {
    product.process.kill('SIGTERM');
    await product.ended;
    await nodeForBash.stop();
    await condition('no process is left', () => processesOf(dataDir).length === 0);
  });

  test.each(withCommands)(
    'every command of $path works, and works again',
    async (page) => {
      // Only the first page starts a real Node for each value that it prints.
      const definitions = page.path === firstPage ? '' : nodeForBash.definition;
      // Their second time is for the full run.
      for (const time of sampled(['first', 'second'], 2)) {
        const { lines, answers } = await runPage(page, { folder, definitions: before + definitions });
        if (saysWhatIsPrinted(page.path)) expect(differences(page.lines, lines), `${time} time`).toEqual([]);
        expect(differences(page.answers, answers), `${time} time`).toEqual([]);
      }
    },
    120_000,
  );
});
