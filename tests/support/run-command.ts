import { format } from 'node:util';
import { vi } from 'vitest';
import { runCommandLine } from '../../src/cli/program/run-command-line.ts';

/** The exit code of a command, and what it printed on both streams, in order. */
export type Ran = { readonly code: number; readonly output: string };

let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs a command through the entry of the program, in the process of the test: the same parsing, configuration and exit
 * codes, without the second that a process takes. Only for a command that no signal ends and that reads no standard
 * input. Runs one at a time. A test of two at once starts processes.
 */
export const runCommand = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> => {
  const run = lastRun.then(() => runNow(args, env));
  lastRun = run.catch(() => undefined);
  return run;
};

const runNow = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> => {
  const environment = { ...process.env };
  const previousCode = process.exitCode;
  let output = '';
  const print = (...parts: readonly unknown[]): void => {
    output += `${format(...parts)}\n`;
  };
  const write = (text: unknown, ...more: readonly unknown[]): boolean => {
    output += String(text);
    const done = more.at(-1);
    if (typeof done === 'function') done();
    return true;
  };
  const spies = [
    ...(['log', 'error'] as const).map((name) => vi.spyOn(console, name).mockImplementation(print)),
    ...[process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(write)),
  ];
  try {
    Object.assign(process.env, { LOG_LEVEL: 'silent', LEDGER_ENV_FILE: 'none' }, env);
    process.exitCode = undefined;
    const code = (await runCommandLine(args)) ?? Number(process.exitCode ?? 0);
    return { code, output };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    process.exitCode = previousCode;
  }
};
