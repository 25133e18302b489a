import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createLineWriter } from '../../../src/cli/logs/line-writer.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

/** A descriptor that fails with `disk.code` while it is set. */
const createDisk = () => {
  const disk = { code: null as string | null, text: '', writes: 0 };
  const writeSync = (_: number, text: Uint8Array) => {
    disk.writes += 1;
    if (disk.code !== null) throw failure(disk.code);
    disk.text += Buffer.from(text).toString();
    return text.length;
  };
  const write = (fd: number, text: Uint8Array, done: (error: Error | null, written: number) => void) =>
    setImmediate(() => {
      try {
        done(null, writeSync(fd, text));
      } catch (error) {
        done(error as Error, 0);
      }
    });
  return { disk, system: { write, writeSync } as never };
};

const flushed = (lines: ReturnType<typeof createLineWriter>) => new Promise<void>((resolve) => lines.flush(resolve));

test('A log goes on after its disk was full, and says how many lines it lost', async () => {
  const { disk, system } = createDisk();
  const lines = createLineWriter(2, { waitingBytesMax: 8, system });
  disk.code = 'ENOSPC';
  lines.write('one\n');
  await flushed(lines);
  for (const line of ['two\n', 'six\n', 'lost\n', 'lost\n']) lines.write(line);
  await flushed(lines);
  disk.code = null;
  await flushed(lines);
  const [kept, said] = disk.text.split('{');
  expect(kept).toBe('one\ntwo\nsix\n');
  expect(JSON.parse(`{${said}`)).toMatchObject({ lost: 2, msg: expect.stringContaining('lines were lost') });
  lines.write('ten\n');
  await flushed(lines);
  expect(disk.text.endsWith('}\nten\n')).toBe(true);
});

test.each(['EPIPE', 'EIO'])('A log whose reader has left with %s writes nothing further', async (code) => {
  const { disk, system } = createDisk();
  const lines = createLineWriter(2, { system });
  disk.code = code;
  lines.write('one\n');
  await flushed(lines);
  lines.write('two\n');
  lines.flushSync();
  await flushed(lines);
  expect(disk.writes).toBe(1);
});

test('A flush waits for the lines in flight and those that wait', async () => {
  const { disk, system } = createDisk();
  const lines = createLineWriter(2, { system });
  for (const line of ['one\n', 'two\n', 'six\n']) lines.write(line);
  await flushed(lines);
  expect(disk.text).toBe('one\ntwo\nsix\n');
});

test.runIf(process.platform === 'linux')('A process with a full disk behind its log ends', async () => {
  const program = fileURLToPath(new URL('../../../src/cli/create-log.ts', import.meta.url));
  const script = `const { createLog } = await import(${JSON.stringify(program)});
    const log = createLog('info', { format: 'json' });
    log.info('one'); log.info('two'); log.info('three');
    log.fatal('four');
    process.exit(3);`;
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    ...{ stdio: ['ignore', 'ignore', full], timeout: 20_000, killSignal: 'SIGKILL' },
  });
  closeSync(full);
  expect(await once(child, 'exit')).toEqual([3, null]);
});
