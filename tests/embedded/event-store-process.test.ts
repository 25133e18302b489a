import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { launchEventStore } from '../../src/embedded/event-store-process.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const startProgram = async (text: string, lines: string[] = []) => {
  const program = path.join(await temporaryDirectory(), 'main.mjs');
  await writeFile(program, text);
  return launchEventStore({ program, log: (line) => lines.push(line) }).serve('postgres://somewhere', {
    migrates: true,
    entry: {
      access: { certificate: 'c', key: 'k', login: { name: 'n', password: 'p' } },
      urlAt: (port) => `esdb://n:p@here:${port}`,
    },
  });
};

const untilDisconnected = `process.on('disconnect', () => process.exit(0));`;

test('The process gets its database and address over the channel, and answers with its port', async () => {
  const lines: string[] = [];
  const child = await startProgram(
    `${untilDisconnected} process.on('message', (message) => {
      console.error(JSON.stringify(message));
      process.send({ ready: true, port: 4711 });
    });`,
    lines,
  );
  expect(child.url).toBe('esdb://n:p@here:4711');
  await child.stop();
  expect(await child.exited).toContain('The event store was ended by SIGTERM');
  expect(lines).toEqual([
    '{"databaseUrl":"postgres://somewhere","access":{"certificate":"c","key":"k","login":{"name":"n","password":"p"}},"migrates":true,"host":"127.0.0.1","port":0}',
  ]);
});

test('The error contains the reason when the process cannot start, and the process is ended', async () => {
  await expect(startProgram(`${untilDisconnected} process.send({ failed: 'the disk is full' });`)).rejects.toThrow(
    'The event store did not start. the disk is full',
  );
});

test('Messages of node --watch do not count as an answer', async () => {
  const watched = `process.send({ 'watch:import': ['file:///x.ts'] }); process.send({ failed: 'for another reason' });`;
  await expect(startProgram(`${untilDisconnected} ${watched}`)).rejects.toThrow('for another reason');
});

test('An invalid answer is refused', async () => {
  await expect(startProgram(`${untilDisconnected} process.send('hello');`)).rejects.toThrow('It answered "hello"');
  await expect(startProgram(`${untilDisconnected} process.send({ ready: true });`)).rejects.toThrow(
    'It answered {"ready":true}',
  );
});

test('The error contains the last lines of a process that ends before its answer', async () => {
  await expect(startProgram(`console.error('out of luck'); process.exit(3);`)).rejects.toThrow(
    /^The event store did not start\. The event store ended with exit code 3\.\n {2}out of luck$/,
  );
});
