import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../../src/cli/server/stop-before-exit.ts', import.meta.url));

test('A signal ends a command although its servers do not stop', async () => {
  const script = `const { stopBeforeExit } = await import(${JSON.stringify(program)});
    stopBeforeExit(() => new Promise(() => {}), 20);
    setInterval(() => {}, 1_000);
    console.log('runs');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});
