import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error The build is plain JavaScript without types.
import { bundleVerifier } from '../../build/verifier.js';
import { encodeId } from '../../src/domain/ids.ts';
import { addLeaves, leavesOf, signTree } from '../support/issuer-trees.ts';
import { shareLedger } from '../support/shared-ledger.ts';
import { outputPattern, shownCommands } from '../support/shown-output.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const page = 'docs/api/logs.md';

test('The commands that get proofs from the server print what the page shows', async () => {
  const [ledger, folder] = await Promise.all([shareLedger(), temporaryDirectory()]);
  await bundleVerifier(process.cwd(), path.join(folder, 'ledger-verify.mjs'));
  const { superuser } = ledger.database;
  const { organizationId, apiKey } = await ledger.createVendor('Proving');
  await addLeaves(superuser, organizationId, 302);
  const older = await signTree(superuser, organizationId, { size: 300 });
  await signTree(superuser, organizationId);
  const [own] = await leavesOf(superuser, organizationId);
  writeFileSync(path.join(folder, 'token'), apiKey);
  writeFileSync(path.join(folder, 'log.vkey'), `${older.vkey}\n`);
  writeFileSync(path.join(folder, 'older.checkpoint'), older.note);
  const env = {
    ...process.env,
    ...{ API_KEY: apiKey, URL: ledger.baseUrl, LOG: `${ledger.baseUrl}/v1/logs/${organizationId}` },
    EVENT: encodeId('evt', own?.id ?? ''),
  };
  const outputs = new Map<string, string>();
  for (const { command } of shownCommands(page)) outputs.set(command, await runInBash(command, { cwd: folder, env }));
  const outputOf = (command: string) => outputs.get(command);
  expect(outputOf('head -n 2 newer.checkpoint')).toMatch(
    outputPattern('docs/api/logs.md', 'head -n 2 newer.checkpoint'),
  );
  expect(outputOf('node ledger-verify.mjs inclusion event.tlog-proof leaf.json --key log.vkey')).toMatch(
    outputPattern('docs/api/logs.md', 'node ledger-verify.mjs inclusion event.tlog-proof leaf.json --key log.vkey'),
  );
  expect(outputOf('node ledger-verify.mjs consistency older.checkpoint newer.consistency --key log.vkey')).toMatch(
    outputPattern(
      'docs/api/logs.md',
      'node ledger-verify.mjs consistency older.checkpoint newer.consistency --key log.vkey',
    ),
  );
  expect(outputOf('node ledger-verify.mjs log $LOG --key log.vkey --older older.checkpoint --token token')).toMatch(
    outputPattern(
      'docs/api/logs.md',
      'node ledger-verify.mjs log $LOG --key log.vkey --older older.checkpoint --token token',
    ),
  );
  await ledger.stop();
}, 120_000);

/** Returns what a command prints. Rejects when it fails. This process goes on as the server meanwhile. */
const runInBash = (command: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) =>
  new Promise<string>((resolve, reject) => {
    execFile('bash', ['-c', command], options, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
