import { CommanderError } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { isEndedBySignal } from '../server/stop-before-exit.ts';
import { createProgram } from './create-program.ts';
import { asksForJson, reportError } from './report-error.ts';

/**
 * Runs the command that the arguments name. Returns the exit code after a help, wrong arguments or an error, which it
 * prints. Returns null when the command has ended by itself: its exit code is `process.exitCode`. Never returns while a
 * signal ends the process.
 */
export const runCommandLine = async (args: readonly string[]): Promise<number | null> => {
  const json = asksForJson(args);
  try {
    await createProgram(json).parseAsync(args, { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    if (isEndedBySignal()) await new Promise(() => {});
    return reportError(error, json);
  }
};
