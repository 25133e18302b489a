import { randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../../embedded/files.ts';
import type { WriteAt } from '../../packs/zip/write-zip.ts';
import { RefusedByPolicy } from '../exit-codes.ts';

/** Throws RefusedByPolicy when there is a file of this name. */
export const refuseExisting = async (file: string): Promise<void> => {
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new RefusedByPolicy(`${file} exists already. Remove it, or choose another name for --out.`);
};

/**
 * Writes a file that does not exist yet, and gives it its name once it is complete and on the disk. `write` returns its
 * size in bytes. Throws RefusedByPolicy when another one has the name by then, and what `write` throws.
 */
export const writeNewFile = async <Written extends { readonly size: number }>(
  file: string,
  write: (writeAt: WriteAt) => Promise<Written>,
): Promise<Written> => {
  const folder = path.dirname(file);
  // Two commands for one name do not share the file.
  const unfinished = path.join(folder, `.${path.basename(file)}.${randomUUID()}.unfinished`);
  try {
    const written = await writeAll(unfinished, write);
    await nameIt(unfinished, file);
    await syncFolder(folder);
    return written;
  } finally {
    await rm(unfinished, { force: true });
  }
};

// A rename would replace a file that came meanwhile. Some file systems have no links.
const nameIt = async (unfinished: string, file: string): Promise<void> => {
  try {
    await link(unfinished, file);
  } catch {
    await refuseExisting(file);
    await rename(unfinished, file);
  }
};

const writeAll = async <Written extends { readonly size: number }>(
  file: string,
  write: (writeAt: WriteAt) => Promise<Written>,
): Promise<Written> => {
  const handle = await open(file, 'wx');
  try {
    const written = await write((at, bytes) => writeWhole(handle, bytes, at));
    await handle.sync();
    const { size } = await handle.stat();
    if (size !== written.size) throw new Error(`${file} has ${size} bytes, and ${written.size} were written.`);
    return written;
  } finally {
    await handle.close();
  }
};

/** Writes all bytes at a place of a file. A write to a disk that is almost full may write fewer. */
export const writeWhole = async (handle: Pick<FileHandle, 'write'>, bytes: Uint8Array, at: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
};
