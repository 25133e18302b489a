import * as fs from 'node:fs';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localHeader } from '../../src/packs/zip/zip-records.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { fileOpener, runPackCommand } from '../../src/verifier/pack-command.ts';
import { outputPattern } from '../support/shown-output.ts';
import { checkpointOf, exampleHistory, logKey, packOf } from './pack-in-memory.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'ledger-pack-command-'));
const { log, licenses } = exampleHistory();
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};
let bytes: Uint8Array;
let pack: string;
let key: readonly string[];
beforeAll(async () => {
  ({ bytes } = await packOf(log));
  pack = write('pack.zip', bytes);
  key = ['--key', write('log.vkey', `${formatVerifierKey(logKey.verifier)}\n`)];
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: readonly string[]) => runPackCommand(args, { readFile: readFileSync, openFile: fileOpener(fs) });

test('The verifier prints of a pack what the page shows', async () => {
  const { exitCode, output } = await run(pack, ...key);
  expect(exitCode).toBe(0);
  expect(output).toMatch(outputPattern('docs/proof.md', 'node ledger-verify.mjs pack pack.zip --key log.vkey'));
});

test('It takes an older checkpoint and the licenses that the reader asked for', async () => {
  const older = write('older.checkpoint', checkpointOf(log, { size: 4 }).note);
  const asked = licenses.flatMap((id) => ['--license', id]);
  const { exitCode, output } = await run(pack, ...key, '--older', older, ...asked);
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('the first 4 events') });
  expect(await run(pack, ...key, '--license', licenses[0] ?? '')).toEqual({
    exitCode: 3,
    output: expect.stringContaining('which nobody asked for'),
  });
});

test('It ends with 1 for a file that it cannot read, with 2 for wrong arguments and with 6 for an empty file', async () => {
  expect((await run(path.join(folder, 'nothing.zip'), ...key)).exitCode).toBe(1);
  expect((await run(write('empty.zip', ''), ...key)).exitCode).toBe(6);
  for (const args of [
    [pack],
    [pack, pack, ...key],
    [...key],
    [pack, ...key, '--quiet', 'x'],
    [pack, ...key, '--older'],
  ])
    expect((await run(...args)).exitCode).toBe(2);
});

/** Returns the bytes with other ones at a place. */
const withBytes = (at: number, ...others: readonly number[]): Uint8Array => {
  const changed = bytes.slice();
  changed.set(others, at);
  return changed;
};

test('It refuses what is no pack, other names, further bytes, compressed files and endless lines with a sentence', async () => {
  const name = localHeader({ name: 'README.txt', size: 0, crc: 0, at: 0 }).length - 'README.txt'.length;
  const refused: Readonly<Record<string, Uint8Array>> = {
    'no zip': new TextEncoder().encode('This is a text, and no zip at all.'),
    'too short': bytes.slice(0, 10),
    'another name in a header': withBytes(name, 0x2e, 0x2e, 0x2f),
    'a compressed file': withBytes(8, 8),
    'bytes at the end': Uint8Array.of(...bytes, 0),
    'bytes at the beginning': Uint8Array.of(0, ...bytes),
  };
  for (const [what, content] of Object.entries(refused)) {
    const { exitCode, output } = await run(write('refused.zip', content), ...key);
    expect([what, exitCode, output]).toEqual([what, 3, expect.stringMatching(/^Not proved\. [A-Z].+\.\n$/)]);
  }
});

test('It refuses a pack without leaves unless --proofs-only is given, and then proves no state', async () => {
  const proofs = write('proofs.zip', (await packOf(log, { isComplete: false })).bytes);
  expect(await run(proofs, ...key)).toEqual({ exitCode: 3, output: expect.stringContaining('--proofs-only') });
  const { exitCode, output } = await run(proofs, ...key, '--proofs-only');
  expect([exitCode, output.indexOf('The states') > output.indexOf('Not proved:')]).toEqual([0, true]);
});
