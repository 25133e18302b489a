import { createHash } from 'node:crypto';
import { foldVersions } from '../aggregates/fold-versions.ts';
import { hashOfFiles, readSqlFiles, type SqlFile } from '../postgres/sql-files.ts';

/**
 * The files of db/read-models, which create a version of the read models, and a hash. The hash covers the files and the
 * versions of the folds, because rows contain what a fold makes of the events.
 */
export type Shape = { readonly files: readonly SqlFile[]; readonly hash: string };

/** Reads the shape of the read models of a program with these SQL files and folds. */
export const readShape = (directory: string, folds: Readonly<Record<string, string>> = foldVersions): Shape => {
  const files = readSqlFiles(directory, ['read-models']);
  const hash = createHash('sha256')
    .update(`${hashOfFiles(files)} ${JSON.stringify(folds)}`)
    .digest('hex');
  return { files, hash };
};
