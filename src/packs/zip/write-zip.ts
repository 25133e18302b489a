import { newSha256 } from '../../proof/hashing/sha256.ts';
import { hexOf, joinBytes } from '../../proof/text/bytes.ts';
import { crc32 } from './crc32.ts';
import { directoryRecord, endRecord, headerBytes, localHeader, type ZipEntry, zipBytesMax } from './zip-records.ts';

/**
 * Where the bytes of a zip go. `at`: the place in the file. The header of a file is written after the file, because it
 * has the size. All other bytes come in their order.
 */
export type WriteAt = (at: number, bytes: Uint8Array) => Promise<void>;

/** A file that was written. `sha256`: of its bytes, lower-case hex. */
export type WrittenFile = { readonly name: string; readonly bytes: number; readonly sha256: string };

/** Writes a zip of stored files, one after another. The same files give the same bytes. */
export type ZipWriter = {
  /** Writes a file of these parts. Throws ZipTooLarge. */
  readonly add: (name: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<WrittenFile>;
  /** Writes the directory. Returns the size of the zip in bytes. */
  readonly end: () => Promise<number>;
};

/** The files do not fit into a zip. */
export class ZipTooLarge extends Error {
  override readonly name = 'ZipTooLarge';
}

/** Returns the writer of an empty zip. */
export const newZipWriter = (writeAt: WriteAt, bytesMax = zipBytesMax): ZipWriter => {
  const entries: ZipEntry[] = [];
  let end = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    if (end + bytes.length > bytesMax) throw new ZipTooLarge(`The zip would have more than ${bytesMax} bytes.`);
    await writeAt(end, bytes);
    end += bytes.length;
  };
  return {
    add: async (name, parts) => {
      const at = end;
      end += headerBytes(name);
      const start = end;
      const hash = newSha256();
      let crc = 0;
      for await (const part of parts) {
        hash.update(part);
        crc = crc32(crc, part);
        await append(part);
      }
      const entry = { name, size: end - start, crc, at };
      entries.push(entry);
      await writeAt(at, localHeader(entry));
      return { name, bytes: entry.size, sha256: hexOf(hash.digest()) };
    },
    end: async () => {
      const directory = joinBytes(...entries.map(directoryRecord));
      await append(joinBytes(directory, endRecord(entries.length, directory.length, end)));
      return end;
    },
  };
};
