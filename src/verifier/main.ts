import { reportOnLog } from '../proof/log-report.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { reportOnConsistency, reportOnInclusion } from '../proof/reports.ts';
import { runCommand } from './command.ts';
import { runLogCommand } from './log-command.ts';

/**
 * The checks of `ledger-verify.mjs` for a page that imports it. Each throws an error, and its message names the first
 * wrong thing.
 */
export const checks = { reportOnInclusion, reportOnConsistency, reportOnLog, parseVerifierKey };

/** Returns true when Node runs this file as the program. */
const isProgram = async (): Promise<boolean> => {
  const file = globalThis.process?.argv?.[1];
  if (file === undefined) return false;
  const [{ realpathSync }, { fileURLToPath }] = await Promise.all([import('node:fs'), import('node:url')]);
  // Node can keep the path of a link for either of both, and a program that does nothing would look like success.
  return import.meta.url.startsWith('file:') && realpathSync(file) === realpathSync(fileURLToPath(import.meta.url));
};

if (await isProgram()) {
  const { readFileSync } = await import('node:fs');
  const [kind, ...rest] = process.argv.slice(2);
  const { exitCode, output } =
    kind === 'log' ? await runLogCommand(rest, readFileSync) : runCommand(process.argv.slice(2), readFileSync);
  (exitCode === 0 ? process.stdout : process.stderr).write(output);
  process.exitCode = exitCode;
}
