import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDataDirectory, places, resetData } from '../../src/embedded/data-directory.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const opened = async () => {
  const directory = path.join(await temporaryDirectory(), 'data');
  await (await openDataDirectory(directory)).release();
  return directory;
};

test('A directory with other files is refused and not changed', async () => {
  const directory = await temporaryDirectory(0o755);
  await writeFile(path.join(directory, 'thesis.tex'), '');
  await expect(openDataDirectory(directory)).rejects.toThrow(`${directory} contains other files (thesis.tex)`);
  expect(readdirSync(directory)).toEqual(['thesis.tex']);
  expect(statSync(directory).mode & 0o777).toBe(0o755);
});

test('When a directory cannot be created, the error tells what to do', async () => {
  const file = path.join(await temporaryDirectory(), 'file');
  await writeFile(file, '');
  await expect(openDataDirectory(path.join(file, 'data'))).rejects.toThrow(
    /The data directory .* cannot be used: .*file is a file and not a directory\. Set LEDGER_DATA_DIR/,
  );
});

test('A data directory that other users could read is closed to them', async () => {
  const directory = await opened();
  await chmod(directory, 0o755);
  await (await openDataDirectory(directory)).release();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('A reset of a directory of another program removes nothing', async () => {
  const directory = await temporaryDirectory();
  await mkdir(path.join(directory, 'keys'));
  await expect(resetData(directory)).rejects.toThrow('is not a data directory of License Ledger');
  expect(readdirSync(directory)).toEqual(['keys']);
});

test('A reset removes the files of the ledger, but neither other files nor the targets of links', async () => {
  const directory = await opened();
  const elsewhere = await temporaryDirectory();
  await writeFile(path.join(elsewhere, 'precious'), '');
  await symlink(elsewhere, path.join(directory, 'keys'));
  await writeFile(path.join(directory, 'demo.json'), '{}');
  await writeFile(path.join(directory, 'notes.txt'), '');
  await resetData(directory);
  expect(readdirSync(directory)).toEqual(['notes.txt']);
  expect(readdirSync(elsewhere)).toEqual(['precious']);
});

test('A reset of a missing directory does nothing', async () => {
  const directory = path.join(await temporaryDirectory(), 'absent');
  await resetData(directory);
  expect(existsSync(directory)).toBe(false);
});

test('A start removes the files that tell how to reach killed servers, because process ids repeat in containers', async () => {
  const dataDir = await temporaryDirectory();
  await (await openDataDirectory(dataDir)).release();
  const { runtime, storeRuntime } = places(dataDir);
  for (const file of [runtime, storeRuntime]) await writeFile(file, '{}');
  await (await openDataDirectory(dataDir)).release();
  expect([runtime, storeRuntime].filter((file) => existsSync(file))).toEqual([]);
});
