import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Fault } from './planted.ts';

/** The result of a run: the number of tests, and the full names of the failed ones. */
export type TestRun = { readonly count: number; readonly failed: readonly string[] };

/** Runs `work` with a copy of the sources and the tests of the domain in a temporary directory, and removes the copy afterwards. */
export const withCopy = async <Result>(work: (directory: string) => Promise<Result>): Promise<Result> => {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-faults-'));
  try {
    const tests = ['tests/domain', 'tests/reports', 'tests/support', 'tests/eventstore', 'vitest.domain.config.ts'];
    for (const part of ['src', ...tests, 'package.json']) await cp(part, join(directory, part), { recursive: true });
    await symlink(resolve('node_modules'), join(directory, 'node_modules'));
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

/** Runs the tests of the domain, or of one file, in a copy. Throws when the runner writes no report. */
export const runDomainTests = async (directory: string, ...files: readonly string[]): Promise<TestRun> => {
  const report = join(directory, 'report.json');
  await rm(report, { force: true });
  const runner = join('node_modules', 'vitest', 'vitest.mjs');
  const flags = ['--config', 'vitest.domain.config.ts', '--no-isolate', '--reporter=json', `--outputFile=${report}`];
  // An inner runner must not behave like a worker of the outer one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST|NODE_OPTIONS)/.test(name)),
  );
  const output = await new Promise<string>((settle) => {
    execFile(process.execPath, [runner, 'run', ...files, ...flags], { cwd: directory, env }, (_, stdout, stderr) =>
      settle(stdout + stderr),
    );
  });
  const text = await readFile(report, 'utf8').catch(() => {
    throw new Error(`The tests did not run:\n${output}`);
  });
  const { numTotalTests, testResults }: VitestReport = JSON.parse(text);
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  if (broken.length > 0)
    throw new Error(`A test file could not be loaded: ${broken.map(({ name }) => name).join(', ')}`);
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
  return { count: numTotalTests, failed };
};

/**
 * Plants faults in a copy, runs the files of their tests, and removes the faults. Returns the failed tests. Throws
 * unless the text of each fault occurs exactly once.
 */
export const failuresWith = async (directory: string, ...planted: readonly Fault[]): Promise<readonly string[]> => {
  const removals: (() => Promise<void>)[] = [];
  try {
    for (const fault of planted) removals.unshift(await plant(directory, fault));
    return (await runDomainTests(directory, ...new Set(planted.map(({ caughtIn }) => caughtIn)))).failed;
  } finally {
    for (const remove of removals) await remove();
  }
};

/** Plants a fault and returns what restores the file. */
const plant = async (directory: string, { name, file, find, replace }: Fault): Promise<() => Promise<void>> => {
  const path = join(directory, file);
  const before = await readFile(path, 'utf8');
  if (before.split(find).length !== 2) throw new Error(`"${name}" does not apply: its text is not once in ${file}.`);
  await writeFile(
    path,
    before.replace(find, () => replace),
  );
  return () => writeFile(path, before);
};

type VitestReport = {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
};
