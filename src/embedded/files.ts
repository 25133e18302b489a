import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorText } from './errors.ts';

/** The owner and the mode of a file. */
type Rights = { readonly uid: number; readonly gid: number; readonly mode: number };

/**
 * Writes a file that only its owner can read. After a crash it contains either the old text or the new text. `rights`:
 * another owner and mode.
 */
export const writePrivate = async (file: string, text: string, rights?: Rights): Promise<void> => {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      if (rights !== undefined) {
        await handle.chown(rights.uid, rights.gid);
        await handle.chmod(rights.mode);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
};

/** Returns the text of a file, or undefined when it does not exist. */
export const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new Error(`Cannot read ${file}: ${errorText(error)}`);
  }
};

// The new name is durable only when its folder is synced. Windows cannot sync a folder and does not need to.
export const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
