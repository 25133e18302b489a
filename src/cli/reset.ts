import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { loadConfig } from '../config.ts';
import { resetData } from '../embedded/data-directory.ts';
import { type DataDescription, describeData } from '../embedded/describe-data.ts';
import { RefusedByPolicy } from './exit-codes.ts';
import { printResult } from './output/print-result.ts';

/**
 * `ledger reset`: removes the embedded data after a confirmation. Refuses without `--yes` where there is no terminal to
 * ask on, and when servers are configured. Throws while a server uses the data.
 */
export const resetCommand = async ({ yes, json }: { readonly yes: boolean; readonly json: boolean }): Promise<void> => {
  const { servers, dataDir } = loadConfig();
  if (servers.mode === 'servers')
    throw new RefusedByPolicy(
      'ledger reset removes only embedded data. DATABASE_URL is set. Drop that database yourself.',
    );
  const data = await describeData(dataDir);
  if (data === null) {
    printResult(json, { removed: null }, [`There is no data in ${path.resolve(dataDir)}. Nothing was removed.`]);
    return;
  }
  if (!yes) await confirm(data);
  await resetData(dataDir);
  printResult(json, { removed: dataDir }, [`Removed what was in ${dataDir}.`]);
};

/** Asks for the name of the directory. Throws RefusedByPolicy for another answer, and without a terminal. */
const confirm = async ({ directory, bytes, since }: DataDescription): Promise<void> => {
  const size = `${Math.ceil(bytes / 1_000_000)} MB since ${since.toISOString().slice(0, 10)}`;
  const what = `ledger reset deletes every license, event, user and key in ${directory} (${size}). Only a backup brings them back.`;
  if (!process.stdin.isTTY)
    throw new RefusedByPolicy(`${what} There is no terminal to ask on: repeat with --yes. Nothing was removed.`);
  console.error(what);
  const name = path.basename(directory);
  if ((await ask(`Type ${name} to delete it: `)) !== name)
    throw new RefusedByPolicy(`The answer was not ${name}. Nothing was removed.`);
};

/** Returns the answer, or null when the input ends. Ctrl-C ends the process with 130. */
const ask = async (question: string): Promise<string | null> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on('SIGINT', () => process.exit(130));
  const ended = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
  try {
    return await Promise.race([terminal.question(question), ended]);
  } finally {
    terminal.close();
  }
};
