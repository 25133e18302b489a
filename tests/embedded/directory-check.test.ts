import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDataDirectory } from '../../src/embedded/data-directory.ts';
import { checkDirectory, faultOfDirectory } from '../../src/embedded/directory-check.ts';
import { UnusableDirectory } from '../../src/embedded/errors.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const refused = async (dataDir: string) => {
  const error = await openDataDirectory(dataDir).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UnusableDirectory);
  return String(error);
};

test('A new directory is created with its parents, and nothing is in it', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'a', 'b');
  await checkDirectory(dataDir, true);
  expect(readdirSync(dataDir)).toEqual([]);
});

test('A file in place of the directory is refused and not changed', async () => {
  const directory = await temporaryDirectory();
  const file = path.join(directory, 'file');
  await writeFile(file, 'text');
  expect(await refused(file)).toContain(`The data directory ${file} cannot be used: it is a file.`);
  expect(await refused(path.join(file, 'a', 'b'))).toContain(`${file} is a file and not a directory`);
});

test('A fault of a directory with data is reported without the advice to take another one, which would be empty', async () => {
  const file = path.join(await temporaryDirectory(), 'file');
  await writeFile(file, 'text');
  await expect(checkDirectory(file, true)).rejects.toThrow('Set LEDGER_DATA_DIR to another one.');
  expect(await faultOfDirectory(path.join(file, 'below'))).toBe(`${file} is a file and not a directory`);
  expect(await faultOfDirectory(path.join(path.dirname(file), 'new', 'below'))).toBe(null);
  await expect(checkDirectory(file, false)).rejects.toThrow(/: it is a file\. It has the data of a ledger: mend this/);
});

test('A path that is too long for Postgres is refused', async () => {
  const directory = await temporaryDirectory();
  const names = Array.from({ length: 10 }, () => 'x'.repeat(90));
  expect(await refused(path.join(directory, ...names))).toContain('more than 800 bytes');
  expect(await refused(path.join(directory, 'y'.repeat(300)))).toContain('a name in its path is too long');
  expect(readdirSync(directory)).toEqual([]);
});

test('A directory that contains other files is refused before a file is written', async () => {
  const directory = await temporaryDirectory();
  await mkdir(path.join(directory, 'photos'));
  expect(await refused(directory)).toContain('contains other files (photos)');
  expect(readdirSync(directory)).toEqual(['photos']);
});

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('File systems of the kernel were not tested: they are those of Linux.');

test.runIf(onLinux)('File systems that the kernel makes up are refused at once', async () => {
  expect(await refused('/proc/data')).toContain('it is in the file system proc, which stores no files');
  expect(await refused('/proc/self/fd/data')).toContain('the file system proc');
  expect(await refused('/sys/kernel/data')).toContain('the file system');
  expect(existsSync('/sys/kernel/data')).toBe(false);
});
