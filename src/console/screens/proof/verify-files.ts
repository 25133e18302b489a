import type { ByteSource } from '../../../packs/zip/read-zip.ts';
import { InvalidProof, mustBe } from '../../../proof/invalid.ts';
import { openCheckpoint } from '../../../proof/notes/checkpoints.ts';
import { parseOrigin } from '../../../proof/notes/log-origins.ts';
import { parseVerifierKey } from '../../../proof/notes/verifier-keys.ts';
import { formatWitnessRequest, parseWitnessRequest } from '../../../proof/notes/witness-requests.ts';
import {
  limits,
  openTrusted,
  type Report,
  reportOnConsistency,
  reportOnInclusion,
  signaturesProved,
  type TrustedKeys,
} from '../../../proof/reports.ts';
import { fileLengthMax, textOf } from '../../../proof/text/bytes.ts';

/** A file that the user gave to the page. It is read in parts, because a pack may be larger than the memory. */
export type GivenFile = ByteSource & { readonly name: string };

/** What the files lack for a check: the key, the event of a proof, a consistency proof, or files that belong together. */
export type Lack = 'key' | 'event' | 'consistency' | 'files';

/** A report. `lacksLeaves`: true for a pack without leaves, from which events may be left out. */
type FilesReport = Report & { readonly lacksLeaves?: boolean };

/** The end of a check. `wrong`: the first wrong thing, as a sentence. */
export type Verdict =
  | { readonly kind: 'proved'; readonly report: FilesReport }
  | { readonly kind: 'not proved'; readonly wrong: string }
  | { readonly kind: 'lacking'; readonly lack: Lack };

/** The log and the sizes of two checkpoints. */
export type Sizes = {
  readonly organizationId: string;
  readonly origin: string;
  readonly from: number;
  readonly to: number;
};

/** Reads the consistency proof between two checkpoints. Returns null when the page cannot have it. */
export type ReadConsistency = (sizes: Sizes) => Promise<string | null>;

/**
 * Checks files with the keys of a text and of files of keys. The files are a pack, also with older checkpoints; a proof
 * with its event; or checkpoints. Two checkpoints may have their consistency proof with them. It is the code of
 * ledger-verify.mjs. A consistency proof that `readConsistency` gets from the server is checked as any other. Nothing
 * else comes from the server.
 */
export const verifyFiles = async (
  files: readonly GivenFile[],
  keysText: string,
  readConsistency: ReadConsistency,
): Promise<Verdict> => {
  try {
    const byKind = await sorted(files);
    const keys = keysIn([keysText, ...(await Promise.all(byKind.keys.map(textOfFile)))].join('\n'));
    if (keys.logs.length === 0) return { kind: 'lacking', lack: 'key' };
    const result = await check(byKind, keys, readConsistency);
    return typeof result === 'string' ? { kind: 'lacking', lack: result } : { kind: 'proved', report: result };
  } catch (error) {
    if (error instanceof InvalidProof) return { kind: 'not proved', wrong: error.message };
    throw error;
  }
};

/** Returns the keys of a text with one on each line. Throws InvalidProof for another line. */
export const keysIn = (text: string): TrustedKeys => {
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '').map(parseVerifierKey);
  return { logs: keys.filter(({ kind }) => kind === 'LOG'), witnesses: keys.filter(({ kind }) => kind === 'WITNESS') };
};

const kinds = ['pack', 'proof', 'consistency', 'event', 'checkpoint', 'keys'] as const;
type Kind = (typeof kinds)[number];
type Sorted = Readonly<Record<Kind, readonly GivenFile[]>>;

const startBytes = 512;
const zipStart = 'PK';

/** Returns the first characters of a file. Bytes of other encodings do not matter for its kind. */
const startOf = async (file: ByteSource): Promise<string> =>
  new TextDecoder().decode(await file.read(0, Math.min(file.size, startBytes)));

/** Returns the text of those files that have keys, one on each line. Throws InvalidProof for a file that is too long. */
export const textOfKeys = async (files: readonly GivenFile[]): Promise<string> => {
  const { keys } = await sorted(files);
  return (await Promise.all(keys.map(textOfFile))).map((text) => text.trim()).join('\n');
};

const isKeys = (start: string): boolean => /^[^+\n]+\+[0-9a-f]{8}\+/.test(start);

const kindOf = (start: string): Kind => {
  if (start.startsWith(zipStart)) return 'pack';
  if (start.startsWith('c2sp.org/tlog-proof@')) return 'proof';
  if (start.startsWith('old ')) return 'consistency';
  if (isKeys(start)) return 'keys';
  return start.startsWith('{') ? 'event' : 'checkpoint';
};

const sorted = async (files: readonly GivenFile[]): Promise<Sorted> => {
  const all = await Promise.all(files.map(async (file) => ({ file, kind: kindOf(await startOf(file)) })));
  const ofKind = (kind: Kind) => all.filter((item) => item.kind === kind).map(({ file }) => file);
  return {
    pack: ofKind('pack'),
    proof: ofKind('proof'),
    consistency: ofKind('consistency'),
    event: ofKind('event'),
    checkpoint: ofKind('checkpoint'),
    keys: ofKind('keys'),
  };
};

const check = async (
  files: Sorted,
  keys: TrustedKeys,
  readConsistency: ReadConsistency,
): Promise<FilesReport | Lack> => {
  const [pack, proof, consistency, event] = [files.pack[0], files.proof[0], files.consistency[0], files.event[0]];
  const notes = await Promise.all(files.checkpoint.map(textOfFile));
  const counts = kinds.map((kind) => files[kind].length);
  const isOnly = (...allowed: readonly number[]) =>
    counts.every((count, place) => count <= (allowed[place] ?? Infinity));
  if (pack !== undefined) {
    if (!isOnly(1, 0, 0, 0, Infinity)) return 'files';
    // It folds licenses again, and so is a third of the size of the console. A browser loads it with the first pack.
    const { checkPack } = await import('./check-pack.ts');
    return checkPack(pack, { ...keys, older: notes });
  }
  if (proof !== undefined) {
    if (!isOnly(0, 1, 0, 1, 0)) return 'files';
    return event === undefined ? 'event' : reportOnInclusion(await textOfFile(proof), await textOfFile(event), keys);
  }
  const [first, second] = notes;
  if (first === undefined || event !== undefined || notes.length > 2) return 'files';
  if (consistency !== undefined)
    return isOnly(0, 0, 1, 0, 1) ? reportOnConsistency(first, await textOfFile(consistency), keys) : 'files';
  return second === undefined ? reportOnCheckpoint(first, keys) : compare([first, second], keys, readConsistency);
};

const textOfFile = async (file: GivenFile): Promise<string> => {
  mustBe(file.size <= fileLengthMax, `${file.name} has more than ${fileLengthMax} bytes.`);
  return textOf(await file.read(0, file.size), file.name);
};

const reportOnCheckpoint = (note: string, keys: TrustedKeys): Report => {
  const opened = openTrusted(note, keys);
  return { proved: signaturesProved(opened), notProved: limits(opened) };
};

const compare = async (
  notes: readonly [string, string],
  keys: TrustedKeys,
  readConsistency: ReadConsistency,
): Promise<Report | Lack> => {
  const opened = notes.map((note) => ({ note, ...openCheckpoint(note, keys.logs) }));
  const [older, newer] = opened.toSorted((one, other) => one.size - other.size);
  if (older === undefined || newer === undefined) return 'files';
  const ask = async () => {
    const { origin } = newer;
    const { organizationId } = parseOrigin(origin);
    return readConsistency({ organizationId, origin, from: older.size, to: newer.size });
  };
  const isCompared = older.size !== newer.size && older.origin === newer.origin;
  const answer = isCompared ? await ask() : null;
  if (isCompared && answer === null) return 'consistency';
  const { proof, checkpoint } = answer === null ? { proof: [], checkpoint: newer.note } : parseWitnessRequest(answer);
  // After a restart the server has another log. Its proof says nothing about this one.
  if (!checkpoint.startsWith(`${newer.origin}\n`)) return 'consistency';
  // The checkpoint in the answer is the server's. The one to compare is that of the user.
  const request = formatWitnessRequest({ oldSize: older.size, proof, checkpoint: newer.note });
  return reportOnConsistency(older.note, request, keys);
};
