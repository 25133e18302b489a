import { ownDirectory } from '../postgres/sql-files.ts';
import { version } from '../version.ts';
import { readShape } from './shape.ts';

/** A release of this program, as databases know it. */
export type Release = {
  /** Raise it in each release that changes db/read-models, what is folded into them, or the stored events. */
  readonly number: number;
  /** The hash of the files of db/read-models. */
  readonly shape: string;
  /** Which program this is: another one tries parked streams again. */
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
