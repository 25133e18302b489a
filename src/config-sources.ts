import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { type StrangeName, strangeNames } from './config-names.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The values of all sources, and what is wrong or remarkable about their names. */
export type Sources = {
  readonly values: Environment;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
};

/** Returns the variables that are not empty. */
export const nonEmpty = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));

/**
 * Reads `.env` in a directory, when there is one, and puts the environment of the process over it. A misspelled name is a
 * problem in `.env`, and in the environment when it begins with LEDGER_. Other names of the environment that are nearly
 * ours are notes, because other programs have variables there, too.
 */
export const readSources = (environment: Environment, directory: string): Sources => {
  const file = readFile(path.join(directory, '.env'));
  const real = nonEmpty(environment);
  const ofFile = strangeNames(Object.keys(file.values));
  const ofProcess = strangeNames(Object.keys(real).filter((name) => !(name in file.values)));
  const isProblem = ({ name, nearest }: StrangeName) => nearest !== null && /^LEDGER_/i.test(name);
  return {
    values: { ...nonEmpty(file.values), ...real },
    problems: [
      ...file.problems,
      ...ofFile.map((strange) => `${strange.name} in ${file.path} is no variable of License Ledger${advice(strange)}`),
      ...ofProcess
        .filter(isProblem)
        .map((strange) => `${strange.name} is no variable of License Ledger${advice(strange)}`),
    ],
    notes: [
      ...file.notes,
      ...ofProcess
        .filter((strange) => !isProblem(strange))
        .map((strange) => `${strange.name} is set and is no variable of License Ledger${advice(strange)}`),
    ],
  };
};

const advice = ({ nearest }: StrangeName): string =>
  nearest === null ? '. See .env.example for all of them.' : `: the nearest one is ${nearest}.`;

const readFile = (file: string) => {
  const empty = { path: file, values: {}, problems: [], notes: [] };
  try {
    const values = parseEnv(readFileSync(file, 'utf8'));
    const count = Object.keys(values).length;
    return { ...empty, values, notes: [`Read ${count} ${count === 1 ? 'variable' : 'variables'} from ${file}.`] };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return empty;
    const why = error instanceof Error ? error.message : String(error);
    return { ...empty, problems: [`${file} cannot be read: ${why}`] };
  }
};
