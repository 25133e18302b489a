import { mustBe } from '../../proof/invalid.ts';
import { isSameBytes, joinBytes } from '../../proof/text/bytes.ts';
import {
  directoryRecord,
  endBytes,
  endRecord,
  headerBytes,
  localHeader,
  parseDirectoryRecord,
  parseEndRecord,
  type ZipEntry,
} from './zip-records.ts';

/** The bytes of a file that is read in parts. `read` returns the bytes from `start` to before `end`. */
export type ByteSource = {
  readonly size: number;
  readonly read: (start: number, end: number) => Promise<Uint8Array>;
};

/** A file in a zip. `read` returns its bytes from `start` to before `end`, both counted from its beginning. */
export type ZipFile = ByteSource & { readonly name: string; readonly crc: number };

/** Returns the source of bytes in memory. */
export const sourceOfBytes = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
});

/**
 * Returns the files of a zip in their order. It accepts only what `newZipWriter` writes. Nothing is compressed, so the
 * files are no larger than the zip. No byte belongs to no file, and directory and headers say the same. Throws
 * InvalidProof for another zip, and for other names than `places`: the names that each place allows.
 */
export const readZip = async (source: ByteSource, places: readonly Place[]): Promise<readonly ZipFile[]> => {
  mustBe(source.size >= endBytes, 'The pack is not a zip: it is too short.');
  const directoryEnd = source.size - endBytes;
  const record = await source.read(directoryEnd, source.size);
  const { count, directoryAt } = parseEndRecord(record);
  const isEnd = isSameBytes(record, endRecord(count, directoryEnd - directoryAt, directoryAt));
  mustBe(
    isEnd && directoryAt <= directoryEnd,
    `The pack is not a zip of this program: its end is another one. ${askForOriginal}`,
  );
  mustBe(directoryEnd - directoryAt <= directoryBytesMax, 'The directory of the zip is too large.');
  const entries = entriesOf(await source.read(directoryAt, directoryEnd), places);
  mustBe(entries.length === count, `The zip names ${count} files and has ${entries.length}.`);
  let at = 0;
  for (const entry of entries) at = await checkPlace(source, entry, at);
  mustBe(at === directoryAt, 'The zip has bytes between its files and its directory.');
  return entries.map((entry) => fileOf(source, entry));
};

const directoryBytesMax = 10_000;

/** The names that one place of a zip allows. */
type Place = readonly string[];

// A program that packs the same files again writes another form.
const askForOriginal = 'If it was packed again, ask for the original zip.';

const entriesOf = (directory: Uint8Array, places: readonly Place[]): readonly ZipEntry[] => {
  const entries: ZipEntry[] = [];
  for (let at = 0; at < directory.length; ) {
    const { entry, end } = parseDirectoryRecord(directory, at);
    const names = places[entries.length];
    mustBe(names !== undefined, `The pack has a further file, ${entry.name}.`);
    mustBe(names.includes(entry.name), `The pack has the file ${entry.name} where ${names.join(' or ')} must be.`);
    entries.push(entry);
    at = end;
  }
  mustBe(entries.length === places.length, `The pack lacks the file ${places[entries.length]?.join(' or ')}.`);
  const isOwnForm = isSameBytes(directory, joinBytes(...entries.map(directoryRecord)));
  mustBe(isOwnForm, `The directory of the zip has another form than this program writes. ${askForOriginal}`);
  return entries;
};

/** Checks the header of a file, which must begin where the previous file ends. Returns where the file ends. */
const checkPlace = async (source: ByteSource, entry: ZipEntry, at: number): Promise<number> => {
  mustBe(entry.at === at, `The file ${entry.name} does not begin where the previous file ends.`);
  const header = localHeader(entry);
  const end = at + header.length + entry.size;
  mustBe(end <= source.size, `The file ${entry.name} ends behind the end of the zip.`);
  const isSame = isSameBytes(await source.read(at, at + header.length), header);
  mustBe(isSame, `The header of the file ${entry.name} and the directory of the zip say different things.`);
  return end;
};

const fileOf = (source: ByteSource, { name, size, crc, at }: ZipEntry): ZipFile => {
  const start = at + headerBytes(name);
  return { name, size, crc, read: (from, to) => source.read(start + from, start + Math.min(to, size)) };
};
