import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { isMisspelled, type StrangeName, strangeNames } from './config-names.ts';

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
 * Reads `.env` in a directory, when there is one, and puts the environment of the process over it. LEDGER_ENV_FILE of the
 * environment names another file, or `none`. A misspelled name that begins with LEDGER_ is a problem. Other names that are
 * nearly ours are notes, because other programs read the same file and environment.
 */
export const readSources = (environment: Environment, directory: string): Sources => {
  const real = nonEmpty(environment);
  const file = fileOf(real, directory);
  const ofFile = strangeNames(Object.keys(file.values));
  const ofProcess = strangeNames(Object.keys(real).filter((name) => !(name in file.values)));
  const inFile = (strange: StrangeName) =>
    `${strange.name} in ${file.path} is no variable of License Ledger${advice(strange)}`;
  return {
    values: { ...notIn(real, nonEmpty(file.values)), ...real },
    problems: [
      ...file.problems,
      ...ofFile.filter(isMisspelled).map(inFile),
      ...ofProcess
        .filter(isMisspelled)
        .map((strange) => `${strange.name} is no variable of License Ledger${advice(strange)}`),
    ],
    notes: [
      ...file.notes,
      ...ofFile.filter((strange) => !isMisspelled(strange)).map(inFile),
      ...ofProcess
        .filter((strange) => !isMisspelled(strange))
        .map((strange) => `${strange.name} is set and is no variable of License Ledger${advice(strange)}`),
    ],
  };
};

/** Returns what the environment does not set, neither by the name nor by a `<name>_FILE`, or the other way round. */
const notIn = (real: Environment, ofFile: Environment): Environment =>
  Object.fromEntries(Object.entries(ofFile).filter(([name]) => !(otherWayOf(name) in real)));

const otherWayOf = (name: string): string => (name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`);

const advice = ({ nearest }: StrangeName): string =>
  nearest === null ? '. See .env.example for all of them.' : `: the nearest one is ${nearest}.`;

type EnvironmentFile = {
  readonly path: string;
  readonly values: Environment;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
};

/** Reads the file that an operator names, which must be readable, or `.env`, which may belong to another program. */
const fileOf = ({ LEDGER_ENV_FILE: named }: Environment, directory: string): EnvironmentFile => {
  const file = path.resolve(directory, named ?? '.env');
  const empty = { path: file, values: {}, problems: [], notes: [] };
  if (named === 'none') return empty;
  try {
    const values = parseEnv(readFileSync(file, 'utf8'));
    const count = Object.keys(values).length;
    const note = `Read ${count} ${count === 1 ? 'variable' : 'variables'} from ${file}.`;
    const isIdle = named === undefined && 'LEDGER_ENV_FILE' in values;
    return { ...empty, values, notes: [note, ...(isIdle ? [`LEDGER_ENV_FILE in ${file} has no effect.`] : [])] };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown error';
    if (named !== undefined)
      return { ...empty, problems: [`LEDGER_ENV_FILE: ${file} cannot be read (${code}). Name a file, or none.`] };
    // A directory of this name is a virtual environment of Python.
    if (code === 'ENOENT' || code === 'EISDIR') return empty;
    // It may have the settings of this server, and without them a start would create an empty one.
    return {
      ...empty,
      problems: [`${file} cannot be read (${code}). Let this user read it, or set LEDGER_ENV_FILE=none.`],
    };
  }
};
