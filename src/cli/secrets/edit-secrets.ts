import { lstat, readFile } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import { errorText } from '../../embedded/errors.ts';
import { writePrivate } from '../../embedded/files.ts';
import { replaceSecret } from '../../embedded/stored-secrets.ts';
import { secretPlace } from '../server/secret-place.ts';

/**
 * How an edit ended. `by`: who must change the text. `mayOthersRead`: every user of the machine reads the file. `why`: why the
 * command could not.
 */
export type Edit =
  | { readonly by: 'COMMAND'; readonly file: string; readonly mayOthersRead: boolean }
  | { readonly by: 'OPERATOR'; readonly where: string; readonly why: string | null };

/**
 * Replaces the list of secrets where it is stored, and stores the previous text next to it with the ending `.previous`. Both
 * files have the owner and the rights of the file before. A variable cannot be changed, and neither can a link or a mounted
 * file: then the operator must do it. Throws when the list is no longer `from`.
 */
export const editSecrets = async (config: Config, from: readonly string[], to: readonly string[]): Promise<Edit> => {
  const place = secretPlace(config);
  if (place.kind === 'VARIABLE') return { by: 'OPERATOR', where: 'LEDGER_SECRET', why: null };
  if (place.kind === 'DATA') {
    await replaceSecret(config.dataDir, 'LEDGER_SECRET', from.join(','), to.join(','));
    return { by: 'COMMAND', file: place.file, mayOthersRead: false };
  }
  const text = await readFile(place.file, 'utf8');
  if (secretTexts(text).join(',') !== from.join(','))
    throw new Error(`${place.file} has changed meanwhile. Repeat the command.`);
  const status = await lstat(place.file);
  if (status.isSymbolicLink()) return { by: 'OPERATOR', where: place.file, why: 'it is a link' };
  // Fewer rights could take the file away from the service, which reads it at its next start.
  const rights = { uid: status.uid, gid: status.gid, mode: status.mode & allRights };
  try {
    await writePrivate(`${place.file}.previous`, text, rights);
    await writePrivate(place.file, `${to.join(',')}\n`, rights);
    return { by: 'COMMAND', file: place.file, mayOthersRead: (rights.mode & othersMayRead) !== 0 };
  } catch (error) {
    return { by: 'OPERATOR', where: place.file, why: errorText(error) };
  }
};

/** Returns the single secrets of a list. */
export const secretTexts = (list: string): readonly string[] => list.split(',').map((text) => text.trim());

const allRights = 0o777;
const othersMayRead = 0o004;
