import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { fetchNode } from './fetch-node.ts';
import { type Counts, tryDomain, tryProduct } from './try-node.ts';

// `npm run test:nodes` runs start, demo and the tests of the domain on each further version of Node that the README
// names. `npm test` covers the installed Node. With --report=<file> it also writes the counts to that file.

const majors = [22, 24];

const tryNode = async (major: number): Promise<Counts> => {
  const directory = await mkdtemp(join(tmpdir(), `ledger-node-${major}-`));
  try {
    const node = await fetchNode(major, directory);
    const { stdout } = await promisify(execFile)(node, ['--version']);
    const version = stdout.trim();
    if (!version.startsWith(`v${major}.`)) throw new Error(`${node} is Node ${version}, not ${major}.`);
    // The demo mostly waits, so both run at once.
    const counts = sum(await Promise.all([tryProduct(node, directory), tryDomain(node, directory)]));
    console.log(`Node ${version}: ${counts.passed} passed, ${counts.failed} failed`);
    return counts;
  } catch (error) {
    console.error(`Node ${major}:`, error);
    return { passed: 0, failed: 1 };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
};

const sum = (counts: readonly Counts[]): Counts => ({
  passed: counts.reduce((total, { passed }) => total + passed, 0),
  failed: counts.reduce((total, { failed }) => total + failed, 0),
});

const { report } = parseArgs({ options: { report: { type: 'string' } } }).values;
// Each version mostly waits for its installation and its demo, so all run at once.
const counts = await Promise.all(majors.map(tryNode));
const { passed, failed } = sum(counts);
if (report !== undefined) await writeFile(report, JSON.stringify({ passed, failed }));
console.log(`Node ${majors.join(' and ')}: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
