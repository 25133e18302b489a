import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readPage, runPage } from '../support/pages.ts';
import { outputPattern } from '../support/shown-output.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const page = readPage('docs/proof.md');

test('The commands that check a proof by hand print what the page shows', async () => {
  const { lines } = await runPage(page, { folder: process.cwd(), definitions: '' });
  expect(lines).toEqual(page.lines);
  expect(lines).toContain('Signature Verified Successfully');
});

test('The commands by hand print the same in sh, and hide no program from later commands', () => {
  const { stdout } = spawnSync('sh', ['-c', `set -eu\n${page.commands}`], { encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual(page.lines);
  expect(page.commands).not.toMatch(/^(?:node|npm|npx|curl|openssl)\(\)/m);
});

test('The verifier prints what the page shows', async () => {
  const folder = await temporaryDirectory();
  cpSync('tests/proof/vectors', folder, { recursive: true });
  const build = spawnSync(process.execPath, ['build/run-verifier.js', path.join(folder, 'ledger-verify.mjs')]);
  expect(build.status).toBe(0);
  const outputOf = (command: string) =>
    spawnSync(process.execPath, command.split(' ').slice(1), { cwd: folder, encoding: 'utf8' }).stdout;
  const inclusion = 'node ledger-verify.mjs inclusion event.tlog-proof event.json --key log.vkey';
  expect(outputOf(inclusion)).toMatch(
    outputPattern('docs/proof.md', 'node ledger-verify.mjs inclusion event.tlog-proof event.json --key log.vkey'),
  );
  const consistency =
    'node ledger-verify.mjs consistency older.checkpoint newer.consistency --key log.vkey --witness witness.vkey';
  expect(outputOf(consistency)).toMatch(
    outputPattern(
      'docs/proof.md',
      'node ledger-verify.mjs consistency older.checkpoint newer.consistency --key log.vkey --witness witness.vkey',
    ),
  );
});
