import type { Command } from 'commander';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';

/** Returns true when the arguments ask for JSON, wherever the option is. */
export const asksForJson = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
};

/** Lets a program report wrong arguments: with the help of the command, or as one line of JSON. */
export const reportUsage = (program: Command, json: boolean): Command => {
  if (!json) return program.showHelpAfterError();
  const message = (text: string) => text.trim().replace(/^error: /, '');
  return program.configureOutput({
    outputError: (text, write) => write(`${errorJson(message(text), exitCodes.usage)}\n`),
  });
};

/** Prints an error to standard error, as a sentence or as one line of JSON. Returns the exit code. */
export const reportError = (error: unknown, json: boolean): number => {
  const exitCode = exitCodeOf(error);
  // Our own errors are sentences for the person at the terminal. A bug prints its stack.
  const bug = [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  if (json) console.error(errorJson(error instanceof Error ? error.message : String(error), exitCode));
  else console.error(error instanceof Error && !bug ? error.message : error);
  return exitCode;
};

const errorJson = (message: string, exitCode: number): string => JSON.stringify({ error: { message, exitCode } });
