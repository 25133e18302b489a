import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { groupBy } from '../domain/group-by.ts';
import { copyNamePattern } from '../notary/checkpoint-copies.ts';
import type { OutsideCopy } from '../projections/issuer-logs/check-trees.ts';
import type { OutsideCopies } from '../projections/verify/verify-trees.ts';

/** Reads the copies of checkpoints in a directory, by the id of the issuer. Returns none when there is no such directory. */
export const readOutsideCopies = async (directory: string): Promise<OutsideCopies> => {
  const copies: (OutsideCopy & { readonly organizationId: string })[] = [];
  for (const name of (await namesIn(directory)).toSorted()) {
    const [, organizationId] = copyNamePattern.exec(name) ?? [];
    if (organizationId === undefined) continue;
    copies.push({ organizationId, name, note: await readFile(path.join(directory, name), 'utf8') });
  }
  return groupBy(copies, ({ organizationId }) => organizationId);
};

const namesIn = async (directory: string): Promise<readonly string[]> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
};
