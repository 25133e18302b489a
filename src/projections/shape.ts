import { hashOfFiles, readSqlFiles, type SqlFile } from '../postgres/sql-files.ts';

/** The files of db/read-models, which create a version of the read models, and their hash. */
export type Shape = { readonly files: readonly SqlFile[]; readonly hash: string };

/** Reads the shape of the read models of a program with these SQL files. */
export const readShape = (directory: string): Shape => {
  const files = readSqlFiles(directory, ['read-models']);
  return { files, hash: hashOfFiles(files) };
};
