import * as fs from 'node:fs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNewFile, writeWhole } from '../../src/cli/output/new-file.ts';
import { fileOpener, runPackCommand } from '../../src/verifier/pack-command.ts';
import { signTree } from '../support/issuer-trees.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { runCommand } from '../support/run-command.ts';

let ledger: Ledger;
const folder = mkdtempSync(path.join(tmpdir(), 'ledger-pack-'));
const out = path.join(folder, 'pack.zip');
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(async () => {
  await ledger.stop();
  rmSync(folder, { recursive: true });
});

const pack = (...args: readonly string[]) =>
  runCommand(
    ['pack', '--organization', ledger.a.organizationId, '--from', '2026-01-01T00:00:00Z', '--out', out, ...args],
    {
      ...{ DATABASE_URL: ledger.database.url, EVENTSTORE_URL: ledger.store.url },
      ...{ LEDGER_SECRET: Buffer.alloc(32, 7).toString('base64'), LEDGER_DATA_DIR: path.join(folder, 'data') },
    },
  );

test('Without a checkpoint ledger pack ends with 1 and writes no file', async () => {
  const { licenseId } = await ledger.issue();
  const { code, output } = await pack('--licenses', licenseId, '--wait', '1');
  expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('role notary') });
  expect(readdirSync(folder)).toEqual([]);
});

test('ledger pack writes a pack that the verifier accepts, and names in it what the operator asked for', async () => {
  await ledger.issue({ metadata: { team: 'blue' } });
  const { vkey } = await signTree(ledger.database.superuser, ledger.a.organizationId);
  const { code, output } = await pack('--filter', 'tier=PRO&metadata[team]=blue', '--json');
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(JSON.parse(output)).toMatchObject({ file: out, licenses: 1 });
  const checked = await runPackCommand([out, '--key', vkey], {
    readFile: readFileSync,
    openFile: fileOpener(fs),
  });
  expect(checked).toEqual({ exitCode: 0, output: expect.stringContaining('The histories are complete') });
  expect(readFileSync(out, 'latin1')).toContain('"filter":{"metadata":{"team":null},"tier":"PRO"}');
  expect(readdirSync(folder)).toEqual(['pack.zip']);
});

test('ledger pack does not replace a file', async () => {
  writeFileSync(out, 'mine');
  const { code, output } = await pack('--filter', 'tier=PRO');
  expect({ code, output }).toEqual({ code: 5, output: expect.stringContaining('exists already') });
  await expect(writeNewFile(out, async () => ({ size: 0 }))).rejects.toThrow('exists already');
  expect(readFileSync(out, 'utf8')).toBe('mine');
  expect(readdirSync(folder)).toEqual(['pack.zip']);
});

test('A new file has all bytes, also when the disk takes a few at a time', async () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, index) => index);
  const target = new Uint8Array(12);
  const write = async (part: Uint8Array, offset: number, length: number, at: number) => {
    const bytesWritten = Math.min(length, 3);
    target.set(part.subarray(offset, offset + bytesWritten), at);
    return { bytesWritten, buffer: part };
  };
  await writeWhole({ write: write as FileHandle['write'] }, bytes, 2);
  expect(target).toEqual(Uint8Array.of(0, 0, ...bytes));
  const short = writeNewFile(path.join(folder, 'short.zip'), async (writeAt) => {
    await writeAt(0, bytes);
    return { size: 11 };
  });
  await expect(short).rejects.toThrow('11 were written');
  expect(readdirSync(folder)).toEqual(['pack.zip']);
});
