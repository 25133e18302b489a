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

test('a lock is had once, and again after it was given back', async () => {
  const file = await newLock();
  const lock = await tryLock(file);
  expect(await tryLock(file)).toEqual({ held: false, by: process.pid });
  expect(await holderOf(file)).toBe(process.pid);
  if (lock.held) await lock.release();
  expect(await holderOf(file)).toBeUndefined();
  expect(await tryLock(file)).toMatchObject({ held: true });
});

test('the lock of a dead process is taken over', async () => {
  const file = await newLock();
  const program = runProgram('run-nothing.ts', []);
  await program.firstAnswer;
  await writeFile(`${file}.1`, `${program.pid}\n${birthOf(program.pid)}\n`);
  expect(await tryLock(file)).toEqual({ held: false, by: program.pid });
  program.process.kill('SIGKILL');
  await program.ended;
  expect(await tryLock(file)).toMatchObject({ held: true });
});

test('the lock of a process whose id belongs to another by now is taken over', async () => {
  const file = await newLock();
  await writeFile(`${file}.1`, `${process.pid}\nanother boot/12345\n`);
  expect(await holderOf(file)).toBeUndefined();
  expect(await tryLock(file)).toMatchObject({ held: true });
  expect(await readFile(`${file}.2`, 'utf8')).toBe(`${process.pid}\n${birthOf(process.pid)}\n`);
});

test('a lock that names nobody is taken over', async () => {
  const file = await newLock();
  await writeFile(`${file}.1`, '');
  expect(await tryLock(file)).toMatchObject({ held: true });
});

test('of many that find the same stale lock, or none, exactly one gets it', async () => {
  for (let round = 0; round < 20; round++) {
    const file = await newLock();
    if (round % 2 === 0) await writeFile(`${file}.1`, '999999999\n\n');
    const attempts = await Promise.all(Array.from({ length: 20 }, () => tryLock(file)));
    expect(attempts.filter(({ held }) => held)).toHaveLength(1);
    expect(await holderOf(file)).toBe(process.pid);
  }
});

test('no two have it at once while many take it and give it back', async () => {
  const file = await newLock();
  let holders = 0;
  let turns = 0;
  const contend = async () => {
    while (turns < sized(200, 50)) {
      const lock = await tryLock(file);
      if (!lock.held) continue;
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
