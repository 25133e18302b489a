import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNodeForBash } from '../support/node-in-bash.ts';

let nodeForBash: Awaited<ReturnType<typeof startNodeForBash>>;
beforeAll(async () => {
  nodeForBash = await startNodeForBash();
});
afterAll(() => nodeForBash.stop());

const json = `json() { node -p "JSON.parse(require('fs').readFileSync(0))$1"; }\n`;

/** Returns the exit code, what bash prints, and whether it reports an error. */
const inBash = (commands: string) =>
  new Promise((resolve) => {
    const child = spawn('bash', ['-c', `set -euo pipefail\n${commands}`]);
    const [output, errors]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk) => output.push(String(chunk)));
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    child.on('close', (code) => resolve({ code, output: output.join(''), reports: errors.length > 0 }));
  });

test.each([
  ['a text', `json .a <<<'{"a":"5 % of é"}'`],
  ['a list', `echo '[{"by":["KEY"]}]' | json '[0].by'`],
  ['a field of a missing object', `json .a.b.c <<<'{"a":{}}'; echo 'not reached'`],
  ['an empty answer', `json .a </dev/null; echo 'not reached'`],
  ['the answer of a failed command', `false | json .a; echo 'not reached'`],
  ['a value without input', `node -p "new Date(0).toISOString()"`],
  ['another option', `node -e 'process.exit(3)'; echo 'not reached'`],
])('Commands print the same and end in the same way as with Node: %s', async (_, commands) => {
  expect(await inBash(nodeForBash.definition + json + commands)).toEqual(await inBash(json + commands));
});
