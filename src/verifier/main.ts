import { verifyPack } from '../packs/verify-pack.ts';
import { sourceOfBytes } from '../packs/zip/read-zip.ts';
import { reportOnLog } from '../proof/log-report.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { reportOnConsistency, reportOnInclusion } from '../proof/reports.ts';
import { type Outcome, runCommand, usage } from './command.ts';
import { runLogCommand } from './log-command.ts';
import { fileOpener, runPackCommand } from './pack-command.ts';

/**
 * The checks of `ledger-verify.mjs` for a page that imports it. Each throws an error, and its message names the first
 * wrong thing.
 */
export const checks = {
  reportOnInclusion,
  reportOnConsistency,
  reportOnLog,
  verifyPack,
  sourceOfBytes,
  parseVerifierKey,
};

/** Returns true when Node runs this file as the program. */
const isProgram = async (): Promise<boolean> => {
  const file = globalThis.process?.argv?.[1];
  if (file === undefined) return false;
  const [{ realpathSync }, { fileURLToPath }] = await Promise.all([import('node:fs'), import('node:url')]);
  // Node can keep the path of a link for either of both, and a program that does nothing would look like success.
  return import.meta.url.startsWith('file:') && realpathSync(file) === realpathSync(fileURLToPath(import.meta.url));
};

const run = async (args: readonly string[]): Promise<Outcome> => {
  if (args.includes('--help')) return { exitCode: 0, output: usage };
  const [kind, ...rest] = args;
  const fs = await import('node:fs');
  if (kind === 'log') return runLogCommand(rest, fs.readFileSync);
  if (kind === 'pack') return runPackCommand(rest, { readFile: fs.readFileSync, openFile: fileOpener(fs) });
  return runCommand(args, fs.readFileSync);
};

if (await isProgram()) {
  const { exitCode, output } = await run(process.argv.slice(2));
  (exitCode === 0 ? process.stdout : process.stderr).write(output);
  process.exitCode = exitCode;
}
