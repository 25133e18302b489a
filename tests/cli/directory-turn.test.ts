import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeDirectoryTurn } from '../../src/cli/directory-turn.ts';
import { UnusableDirectory } from '../../src/embedded/errors.ts';
import { temporaryDirectory } from '../support/temporary.ts';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-turns-'));
});
afterAll(() => rm(dataDir, { recursive: true }));

const none = () => undefined;

test('Two commands with one name take turns, and those with another name do not wait', async () => {
  const first = await takeDirectoryTurn(dataDir, 'demo', none);
  await (await takeDirectoryTurn(dataDir, 'init', none)).release();
  const order: string[] = [];
  const second = takeDirectoryTurn(dataDir, 'demo', () => order.push('second waits')).then(async (turn) => {
    order.push('second begins');
    await turn.release();
  });
  await expect.poll(() => order).toEqual(['second waits']);
  order.push('first ends');
  await first.release();
  await second;
  expect(order).toEqual(['second waits', 'first ends', 'second begins']);
  // A late release takes nothing from the next one.
  const third = await takeDirectoryTurn(dataDir, 'demo', none);
  await first.release();
  let waits = false;
  const fourth = takeDirectoryTurn(dataDir, 'demo', () => {
    waits = true;
  });
  await expect.poll(() => waits).toBe(true);
  await third.release();
  await (await fourth).release();
});

test('A directory that holds no lock does not stop the command', async () => {
  await (await takeDirectoryTurn('/proc/no-such-place', 'demo', none)).release();
});

test('A directory whose locks cannot be written does not stop the command', async () => {
  const directory = await temporaryDirectory();
  await writeFile(path.join(directory, 'locks'), '');
  await (await takeDirectoryTurn(directory, 'demo', none)).release();
});

test('A directory of another program is refused and not changed', async () => {
  const directory = await temporaryDirectory();
  await writeFile(path.join(directory, 'letter.txt'), '');
  await expect(takeDirectoryTurn(directory, 'init', none)).rejects.toBeInstanceOf(UnusableDirectory);
  expect(await readdir(directory)).toEqual(['letter.txt']);
});
