import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { holderOf, tryLock } from '../../src/embedded/lock.ts';
import { birthOf } from '../../src/embedded/process-table.ts';
import { runProgram } from '../support/processes.ts';
import { sized } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const newLock = async () => path.join(await temporaryDirectory(), 'lock');

test('A lock has one holder at a time, and can be acquired again after its release', async () => {
  const file = await newLock();
  const lock = await tryLock(file);
  expect(await tryLock(file)).toEqual({ isAcquired: false, holder: process.pid });
  expect(await holderOf(file)).toBe(process.pid);
  if (lock.isAcquired) await lock.release();
  expect(await holderOf(file)).toBeUndefined();
  expect(await tryLock(file)).toMatchObject({ isAcquired: true });
});

test('The lock of a process that has ended can be acquired', async () => {
  const file = await newLock();
  const program = runProgram('run-nothing.ts', []);
  await program.firstAnswer;
  await writeFile(`${file}.1`, `${program.pid}\n${birthOf(program.pid)}\n`);
  expect(await tryLock(file)).toEqual({ isAcquired: false, holder: program.pid });
  program.process.kill('SIGKILL');
  await program.ended;
  expect(await tryLock(file)).toMatchObject({ isAcquired: true });
});

test('A lock can be acquired when the process id of its holder now belongs to another process', async () => {
  const file = await newLock();
  await writeFile(`${file}.1`, `${process.pid}\nanother boot/12345\n`);
  expect(await holderOf(file)).toBeUndefined();
  expect(await tryLock(file)).toMatchObject({ isAcquired: true });
  expect(await readFile(`${file}.2`, 'utf8')).toBe(`${process.pid}\n${birthOf(process.pid)}\n`);
});

test('A lock can be acquired when its file names no holder', async () => {
  const file = await newLock();
  await writeFile(`${file}.1`, '');
  expect(await tryLock(file)).toMatchObject({ isAcquired: true });
});

test('When many try at once, exactly one acquires a free or stale lock', async () => {
  for (let round = 0; round < 20; round++) {
    const file = await newLock();
    if (round % 2 === 0) await writeFile(`${file}.1`, '999999999\n\n');
    const attempts = await Promise.all(Array.from({ length: 20 }, () => tryLock(file)));
    expect(attempts.filter(({ isAcquired }) => isAcquired)).toHaveLength(1);
    expect(await holderOf(file)).toBe(process.pid);
  }
});

test('A lock never has two holders while many acquire and release it', async () => {
  const file = await newLock();
  let holders = 0;
  let turns = 0;
  const contend = async () => {
    while (turns < sized(200, 50)) {
      const lock = await tryLock(file);
      if (!lock.isAcquired) continue;
      holders += 1;
      expect(holders).toBe(1);
      turns += 1;
      await holderOf(file);
      holders -= 1;
      await lock.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, contend));
  expect(readdirSync(path.dirname(file))).toHaveLength(1);
});
