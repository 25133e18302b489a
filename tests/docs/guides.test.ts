import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNodeForBash } from '../support/node-in-bash.ts';
import { differences, readPage, runPage } from '../support/pages.ts';
import { copyProductData } from '../support/prepared.ts';
import { condition, type Product, processesOf, startProduct } from '../support/product.ts';
import { sampled } from '../support/size.ts';

const guides = readdirSync('docs/guides').map((file) => `docs/guides/${file}`);
const pages = ['docs/concepts.md', 'docs/why.md', 'SECURITY.md', ...guides].map(readPage);
const withCommands = pages.filter(({ commands }) => commands !== '');
const folder = mkdtempSync(join(tmpdir(), 'ledger-guides-'));
const dataDir = join(folder, '.ledger');

// `npx ledger` finds the command in the folder of the package only.
const ledgerCommand = `npx() { shift; LEDGER_DATA_DIR=.ledger node "${process.cwd()}/bin/ledger.js" "$@"; }
# The only script of npm that a guide runs.
npm() { [ "$*" = 'run build:verifier' ] && node "${process.cwd()}/build/run-verifier.js"; }\n`;

describe('Next to a server that was started for the first time', () => {
  let product: Product;
  let nodeForBash: Awaited<ReturnType<typeof startNodeForBash>>;
  beforeAll(async () => {
    await copyProductData(dataDir);
    product = await startProduct({ LEDGER_DATA_DIR: dataDir, RATE_LIMITS: 'signup=20,login=20' });
    nodeForBash = await startNodeForBash();
  }, 120_000);
  afterAll(async () => {
    product.process.kill('SIGTERM');
    await product.ended;
    await nodeForBash.stop();
    await condition('no process is left', () => processesOf(dataDir).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(withCommands)(
    'the commands of $path print what the page shows, also the second time',
    async (page) => {
      // The second time is for the full run.
      for (const time of sampled([1, 2], 2)) {
        const { lines, answers } = await runPage(page, { folder, definitions: ledgerCommand + nodeForBash.definition });
        expect(lines, `time ${time}`).toEqual(page.lines);
        expect(differences(page.answers, answers), `time ${time}`).toEqual([]);
      }
    },
    120_000,
  );
});
