import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** The numbers of passed and failed checks. */
export type Counts = { readonly passed: number; readonly failed: number };

const launcher = resolve('bin', 'ledger.js');
const vitest = resolve('node_modules', 'vitest', 'vitest.mjs');

// The demo waits until the sweep announces an expiry, so the sweep runs often.
const settings = { PORT: '0', MANAGEMENT_PORT: '0', EXPIRY_SWEEP_SECONDS: '1', LOG_LEVEL: 'warn' };

/**
 * Starts the product on a Node, runs its demo and stops it. Counts start and demo, and prints the output of a failure.
 */
export const tryProduct = async (node: string, directory: string): Promise<Counts> => {
  const env = { ...process.env, ...settings, LEDGER_DATA_DIR: join(directory, 'data') };
  const server = spawn(node, [launcher, 'start'], { env });
  const serverOutput = outputOf(server);
  const serverEnded = endOf(server);
  const isReady = await Promise.race([readiness(server, serverOutput), serverEnded.then(() => false)]);
  const demo = isReady ? spawn(node, [launcher, 'demo'], { env }) : null;
  const demoOutput = demo === null ? () => 'The server did not start.' : outputOf(demo);
  const demoEnd = demo === null ? null : await endOf(demo);
  server.kill('SIGTERM');
  const serverEnd = await serverEnded;
  const failures = [
    ...(serverEnd === 0 ? [] : [`npm start ended with ${serverEnd}:\n${serverOutput()}`]),
    ...(demoEnd === 0 ? [] : [`npm run demo ended with ${demoEnd}:\n${demoOutput()}`]),
  ];
  for (const failure of failures) console.error(failure);
  return { passed: 2 - failures.length, failed: failures.length };
};

/** Runs the tests of the domain on a Node. A test run that ends early counts as one failed test. */
export const tryDomain = async (node: string, directory: string): Promise<Counts> => {
  const report = join(directory, 'report.json');
  const options = ['--config', 'vitest.domain.config.ts', '--no-isolate', '--reporter=json', `--outputFile=${report}`];
  const run = spawn(node, [vitest, 'run', ...options]);
  const output = outputOf(run);
  const end = await endOf(run);
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { numPassedTests: passed = 0, numFailedTests = 0 } = JSON.parse(text);
  const failed = end === 0 && passed > 0 ? 0 : Math.max(1, numFailedTests);
  if (failed > 0) console.error(`The tests of the domain ended with ${end}:\n${output()}`);
  return { passed, failed };
};

const outputOf = (child: ChildProcess): (() => string) => {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  return () => text;
};

const endOf = async (child: ChildProcess): Promise<number | string> => {
  const [code, signal] = await once(child, 'close');
  return code ?? signal;
};

const readiness = async (server: ChildProcess, output: () => string): Promise<boolean> => {
  while (!output().includes('is ready on')) await once(server.stdout ?? server, 'data');
  return true;
};
