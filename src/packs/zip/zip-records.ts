import { mustBe } from '../../proof/invalid.ts';
import { joinBytes, utf8 } from '../../proof/text/bytes.ts';

/** A file in a zip, stored without compression. `size`: in bytes. `at`: where its header begins. */
export type ZipEntry = { readonly name: string; readonly size: number; readonly crc: number; readonly at: number };

/** The most bytes of a zip. Larger ones have another form. */
export const zipBytesMax = 0xffff_ffff;

/** The bytes of the record at the end. */
export const endBytes = 22;

/** Returns how many bytes the header of a file has. */
export const headerBytes = (name: string): number => 30 + utf8(name).length;

// There is one form for each record, so the reader compares bytes with those that the writer writes.

/** Returns the header before a file. */
export const localHeader = (entry: ZipEntry): Uint8Array =>
  joinBytes(u32(0x04034b50), sharedFields(entry), utf8(entry.name));

/** Returns the record of a file in the directory at the end. */
export const directoryRecord = (entry: ZipEntry): Uint8Array => {
  const [noComment, disk, kind] = [u16(0), u16(0), u16(0)];
  const place = joinBytes(noComment, disk, kind, u32(readableFile), u32(entry.at));
  return joinBytes(u32(0x02014b50), u16(madeOnUnix), sharedFields(entry), place, utf8(entry.name));
};

/** Returns the record at the end. `directoryAt`: where the directory begins. */
export const endRecord = (count: number, directorySize: number, directoryAt: number): Uint8Array => {
  const disks = joinBytes(u16(0), u16(0));
  return joinBytes(u32(0x06054b50), disks, u16(count), u16(count), u32(directorySize), u32(directoryAt), u16(0));
};

/** Returns the entry that a record of the directory names, and where the next record begins. */
export const parseDirectoryRecord = (
  directory: Uint8Array,
  start: number,
): { readonly entry: ZipEntry; readonly end: number } => {
  mustBe(directory.length - start >= recordBytes, 'The directory of the zip ends within a record.');
  const view = new DataView(directory.buffer, directory.byteOffset + start);
  const end = start + recordBytes + view.getUint16(28, true);
  mustBe(end <= directory.length, 'The directory of the zip ends within a name.');
  const name = new TextDecoder('latin1').decode(directory.subarray(start + recordBytes, end));
  const [crc, size, at] = [view.getUint32(16, true), view.getUint32(24, true), view.getUint32(42, true)];
  return { entry: { name, size, crc, at }, end };
};

/** Returns how many files the record at the end names, and where the directory begins. */
export const parseEndRecord = (record: Uint8Array): { readonly count: number; readonly directoryAt: number } => {
  const view = new DataView(record.buffer, record.byteOffset);
  return { count: view.getUint16(10, true), directoryAt: view.getUint32(16, true) };
};

// Version 2.0, no flags, stored, and the first day that a zip can name: the same content gives the same bytes.
const sharedFields = ({ name, size, crc }: ZipEntry): Uint8Array =>
  joinBytes(
    ...[20, 0, 0, 0, 0x21].map(u16),
    ...[crc, size, size].map(u32),
    u16(utf8(name).length),
    // No extra fields.
    u16(0),
  );

const recordBytes = 46;
const madeOnUnix = 0x0314;
const readableFile = 0o100644 * 0x10000;

const u16 = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8);
const u32 = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
