import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogFiles, type LogFiles, logFile, logNumbers } from '../../../src/cli/logs/log-files.ts';
import { caughtUp, hasLogFiles, readLogFiles } from '../../../src/cli/logs/read-log-files.ts';
import { condition } from '../../support/product.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ledger-logs-'));
});
afterAll(() => rm(directory, { recursive: true }));

const lineOf = (number: number): string => JSON.stringify({ level: 30, time: '2026-11-30T00:00:00.000Z', number });
const write = (files: LogFiles, numbers: readonly number[]) => {
  for (const number of numbers) files.write(`${lineOf(number)}\n`);
};
const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

/** Reads until `enough`, or to the end. */
const read = async (folder: string, follow = false, enough: (lines: readonly string[]) => boolean = () => false) => {
  const lines: string[] = [];
  const { signal } = new AbortController();
  for await (const line of readLogFiles(folder, { follow, signal })) {
    if (line !== caughtUp) lines.push(line);
    if (enough(lines)) break;
  }
  return lines;
};

describe('The log files of the embedded mode', () => {
  test('are private, and another process goes on in the newest one', async () => {
    const folder = path.join(directory, 'private');
    for (const first of [0, 2]) {
      const files = createLogFiles(folder);
      files.start();
      write(files, [first, first + 1]);
      await files.close();
    }
    expect(await readdir(folder)).toEqual(['ledger-000001.log']);
    expect((await stat(logFile(folder, 1))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await read(folder)).toEqual(from(0, 4).map(lineOf));
  });

  test('stay within their bounds, and a reader who follows misses no line at a change of files', async () => {
    const folder = path.join(directory, 'bounded');
    const files = createLogFiles(folder, { fileBytesMax: 1_000, filesMax: 3 });
    files.start();
    const last = lineOf(99);
    write(files, [0]);
    await condition('the first file', () => hasLogFiles(folder));
    const followers = [0, 1].map(() => read(folder, true, (lines) => lines.at(-1) === last));
    for (let first = 1; first < 100; first += 3) {
      const numbers = from(first, 3);
      write(files, numbers);
      const end = lineOf(numbers.at(-1) ?? 0);
      await condition('the lines are in a file', async () => (await newestText(folder)).includes(end));
    }
    for (const lines of await Promise.all(followers)) expect(lines.at(-1)).toBe(last);
    await files.close();
    const numbers = logNumbers(await readdir(folder));
    expect(numbers).toHaveLength(3);
    expect(numbers.at(-1)).toBeGreaterThan(5);
    for (const number of numbers) expect((await stat(logFile(folder, number))).size).toBeLessThanOrEqual(1_000);
  });

  const newestText = async (folder: string): Promise<string> => {
    const number = logNumbers(await readdir(folder)).at(-1) ?? 1;
    return readFile(logFile(folder, number), 'utf8');
  };

  test('are written only after the start, when the data directory belongs to the process', async () => {
    const folder = path.join(directory, 'later');
    const refused = createLogFiles(folder);
    write(refused, [1]);
    const other = createLogFiles(path.join(directory, 'other'));
    other.start();
    for (const count of [1, 2]) {
      write(other, [count]);
      const written = async () => (await read(path.join(directory, 'other'))).length === count;
      await condition('a line of the other one, which was started', written);
    }
    await other.close();
    await refused.close();
    expect(await hasLogFiles(folder)).toBe(false);
    const started = createLogFiles(folder);
    write(started, [1, 2]);
    started.start();
    await started.close();
    expect(await read(folder)).toEqual([1, 2].map(lineOf));
  });

  test('lose lines while the disk takes none, say how many, and then go on', async () => {
    const folder = path.join(directory, 'full');
    // A file in the place of the folder refuses every write, as a full disk does.
    await writeFile(folder, '');
    const files = createLogFiles(folder, { retryMs: 10, waitingBytesMax: 500 });
    files.start();
    write(files, from(0, 50));
    await rm(folder);
    write(files, [50]);
    await condition('the line after the fault is written', async () => {
      write(files, [51]);
      return (await read(folder)).includes(lineOf(51));
    });
    await files.close();
    const lines = await read(folder);
    const lost = lines.map((line) => JSON.parse(line)).find((line) => 'lost' in line);
    expect(lost).toMatchObject({ level: 40, msg: expect.stringContaining('lost') });
    expect(lost.lost).toBeGreaterThan(0);
  });
});
