import { mustBe } from '../proof/invalid.ts';
import { fileLengthMax, joinBytes, textOf } from '../proof/text/bytes.ts';
import type { ZipFile } from './zip/read-zip.ts';

/** A line of a file, without its line break. `place`: the file and the number of the line, from 1. */
export type Line = { readonly text: string; readonly place: string };

/** Reads the lines of a file one after the other. `next` returns null at the end. Throws InvalidProof. */
export type Lines = { readonly next: () => Promise<Line | null> };

/**
 * Returns the lines of a file, which holds about a megabyte of it at a time. The last line must end with a line break,
 * and a line has at most 2,000,000 bytes.
 */
export const linesOf = (file: ZipFile): Lines => {
  let [at, number, taken] = [0, 0, 0];
  let waiting: readonly string[] = [];
  let rest = new Uint8Array();

  const fill = async (): Promise<boolean> => {
    while (at < file.size) {
      const part = await file.read(at, at + partBytes);
      mustBe(part.length > 0, `${file.name} ends early.`);
      at += part.length;
      const joined = joinBytes(rest, part);
      const end = joined.lastIndexOf(lineBreak) + 1;
      rest = joined.slice(end);
      mustBe(rest.length <= fileLengthMax, `${file.name} has a line of more than ${fileLengthMax} bytes.`);
      if (end === 0) continue;
      // The limit of a text counts for a line, and a part has more.
      waiting = decode(joined.subarray(0, end - 1), file.name).split('\n');
      taken = 0;
      return true;
    }
    mustBe(rest.length === 0, `The last line of ${file.name} does not end with a line break.`);
    return false;
  };

  return {
    next: async () => {
      if (taken === waiting.length && !(await fill())) return null;
      number += 1;
      const text = waiting[taken] ?? '';
      taken += 1;
      return { text, place: `${file.name}, line ${number}` };
    },
  };
};

const partBytes = 1_000_000;
const lineBreak = 0x0a;

const decode = (bytes: Uint8Array, name: string): string => {
  if (bytes.length <= fileLengthMax) return textOf(bytes, name);
  const middle = bytes.lastIndexOf(lineBreak, fileLengthMax - 1);
  mustBe(middle >= 0, `${name} has a line of more than ${fileLengthMax} bytes.`);
  return `${textOf(bytes.subarray(0, middle), name)}\n${decode(bytes.subarray(middle + 1), name)}`;
};
