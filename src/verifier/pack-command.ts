import { verifyPack } from '../packs/verify-pack.ts';
import type { ByteSource } from '../packs/zip/read-zip.ts';
import { InvalidProof } from '../proof/invalid.ts';
import { printable } from '../proof/text/printable.ts';
import {
  formatReport,
  type Outcome,
  type ReadFile,
  Refusal,
  readText,
  splitArguments,
  trustedKeys,
  wrongUsage,
} from './command.ts';

/** A file that is read in parts. Throws when it cannot be opened. */
export type OpenFile = (path: string) => ByteSource & { readonly close: () => void };

/** How the command reads files. */
export type Files = { readonly readFile: ReadFile; readonly openFile: OpenFile };

/** Runs `pack` with the arguments after it. It reads the pack in parts. Throws only for a fault of this program. */
export const runPackCommand = async (args: readonly string[], files: Files): Promise<Outcome> => {
  try {
    const { path, ...trust } = readArguments(args, files.readFile);
    const pack = open(path, files.openFile);
    try {
      if (pack.size === 0) throw new Refusal(6, `${printable(path)} is empty: there is nothing to check.\n`);
      return { exitCode: 0, output: formatReport(await verifyPack(pack, trust)) };
    } finally {
      pack.close();
    }
  } catch (error) {
    if (error instanceof Refusal) return { exitCode: error.exitCode, output: error.message };
    if (error instanceof InvalidProof) return { exitCode: 3, output: `Not proved. ${error.message}\n` };
    throw error;
  }
};

/** Returns what opens a file with the functions of `node:fs`. */
export const fileOpener =
  (fs: Pick<typeof import('node:fs'), 'openSync' | 'fstatSync' | 'readSync' | 'closeSync'>): OpenFile =>
  (path) => {
    const file = fs.openSync(path, 'r');
    return {
      size: fs.fstatSync(file).size,
      read: async (start, end) => {
        const bytes = new Uint8Array(Math.max(0, end - start));
        return bytes.subarray(0, fs.readSync(file, bytes, 0, bytes.length, start));
      },
      close: () => fs.closeSync(file),
    };
  };

const open: (path: string, openFile: OpenFile) => ReturnType<OpenFile> = (path, openFile) => {
  try {
    return openFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(1, `${printable(`Cannot read ${path}: ${reason}`)}\n`);
  }
};

const readArguments = (args: readonly string[], readFile: ReadFile) => {
  const proofsOnly = args.includes('--proofs-only');
  const others = args.filter((argument) => argument !== '--proofs-only');
  const { places, valuesOf } = splitArguments(others, ['--key', '--witness', '--older', '--license']);
  const [path] = places;
  if (path === undefined || places.length > 1) throw wrongUsage('pack needs one file: the pack');
  const { logs, witnesses } = trustedKeys(valuesOf, readFile);
  const older = valuesOf('--older').map((file) => readText(file, readFile));
  const licenses = valuesOf('--license');
  return { path, logs, witnesses, older, proofsOnly, ...(licenses.length === 0 ? {} : { licenses }) };
};
