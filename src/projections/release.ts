import { ownDirectory } from '../postgres/sql-files.ts';
import { version } from '../version.ts';
import { readShape } from './shape.ts';

/** A release of this program, as a database records it. */
export type Release = {
  /** Raise it in each release that changes db/read-models, the folds, or the stored events. */
  readonly number: number;
  /** The hash of the files of db/read-models and of the versions of the folds. */
  readonly shape: string;
  /** Identifies the program. Another program retries parked streams. */
  readonly program: string;
};

// Releases without a number count as 0.
const ownNumber = 1;

let own: Release | null = null;

/** Returns the release that this program is. */
export const ownRelease = (): Release => {
  own ??= releaseOf(ownDirectory, ownNumber);
  return own;
};

/** Returns the release that a program with the SQL files of `directory` would be. */
export const releaseOf = (directory: string, number: number): Release => {
  const shape = readShape(directory).hash;
  return { number, shape, program: `${version}, release ${number}, shape ${shape.slice(0, 12)}` };
};
