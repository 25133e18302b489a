import { InvalidProof } from '../proof/invalid.ts';
import { parseVerifierKey, type VerifierKey } from '../proof/notes/verifier-keys.ts';
import { type Report, reportOnConsistency, reportOnInclusion } from '../proof/reports.ts';
import { textOf } from '../proof/text/bytes.ts';
import { printable } from '../proof/text/printable.ts';

/**
 * What the command prints and its exit code: those of operator commands in docs/cli.md. The output draws nothing on a
 * terminal but its text, so a file cannot draw a proof.
 */
export type Outcome = { readonly exitCode: number; readonly output: string };

/** Returns the bytes of a file. Throws when it cannot be read. */
export type ReadFile = (path: string) => Uint8Array;

/** The text of `--help`. */
export const usage = `Checks the proofs of a License Ledger offline.

  node ledger-verify.mjs inclusion <proof.tlog-proof> <event.json> --key <key>
  node ledger-verify.mjs consistency <older checkpoint> <consistency proof> --key <key>
  node ledger-verify.mjs log <directory or URL> --key <key>
  node ledger-verify.mjs pack <pack.zip> --key <key>

The event is its leaf, or the event in its stored form, as a pack has it. A consistency proof is a file of the old size, hashes and the
newer checkpoint, as C2SP tlog-witness has it. A key is the text name+id+base64, or a file with one on each line.

  --key <key>       a key of the log that you trust, from a place other than the proof
  --witness <key>   a witness that must have cosigned the checkpoint
  --older <file>    log, pack: a checkpoint that you have, which the log must continue
  --token <file>    log: a file with the API key or access token that the URL needs
  --license <id>    pack: a license that you asked for; the pack must have these and no others
  --proofs-only     pack: accept a pack without leaves, from which events may be left out

Exit codes: 0 proved, 1 a file cannot be read, 2 wrong usage, 3 the proof is wrong, 6 a file is empty.
`;

/** Runs the command with its arguments. Throws only for a fault of this program. */
export const runCommand = (args: readonly string[], readFile: ReadFile): Outcome => {
  try {
    const { kind, files, keys } = readArguments(args, readFile);
    const [first = '', second = ''] = files.map((path) => readText(path, readFile));
    const check = kind === 'inclusion' ? reportOnInclusion : reportOnConsistency;
    return { exitCode: 0, output: formatReport(check(first, second, keys)) };
  } catch (error) {
    if (error instanceof Refusal) return { exitCode: error.exitCode, output: error.message };
    if (error instanceof InvalidProof) return { exitCode: 3, output: `Not proved. ${error.message}\n` };
    throw error;
  }
};

/** An end of a command other than a checked proof. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly exitCode: number;

  constructor(exitCode: number, output: string) {
    super(output);
    this.exitCode = exitCode;
  }
}

const filesOf = {
  inclusion: 'inclusion needs two files: the proof, and the event or its leaf',
  consistency: 'consistency needs two files: the older checkpoint, and the consistency proof',
};

const readArguments = (args: readonly string[], readFile: ReadFile) => {
  const [kind, ...rest] = args;
  if (kind === undefined) throw new Refusal(2, usage);
  if (kind !== 'inclusion' && kind !== 'consistency')
    throw wrongUsage(`There is no check ${kind}. The checks are inclusion, consistency, log and pack`);
  const { places: files, valuesOf } = splitArguments(rest, ['--key', '--witness']);
  if (files.length !== 2) throw wrongUsage(filesOf[kind]);
  return { kind, files, keys: trustedKeys(valuesOf, readFile) };
};

/**
 * Returns the keys that the arguments name. Throws Refusal without the key of a log, and for a key of the other kind.
 */
export const trustedKeys = (
  valuesOf: (option: '--key' | '--witness') => readonly string[],
  readFile: ReadFile,
): { readonly logs: readonly VerifierKey[]; readonly witnesses: readonly VerifierKey[] } => {
  const keysOf = (option: '--key' | '--witness') =>
    valuesOf(option).flatMap((argument) => readKeys(argument, readFile));
  const [logs, witnesses] = [keysOf('--key'), keysOf('--witness')];
  if (logs.length === 0)
    throw wrongUsage('--key is missing. Give the key of the log, from its operator and not from the proof');
  const isSwapped = logs.some(({ kind }) => kind !== 'LOG') || witnesses.some(({ kind }) => kind !== 'WITNESS');
  if (isSwapped) throw new Refusal(2, 'Give keys of logs with --key and keys of witnesses with --witness.\n');
  return { logs, witnesses };
};

/** Returns the end of a command with wrong arguments. `fault`: a sentence without its full stop. */
export const wrongUsage = (fault: string): Refusal =>
  new Refusal(2, `${printable(`${fault}. The option --help shows how to call it.`)}\n`);

/**
 * Returns the arguments of a command: its places, and the values of options, which all have one and may come several
 * times. Throws Refusal for another option, and for one without a value.
 */
export const splitArguments = <Name extends string>(
  args: readonly string[],
  options: readonly Name[],
): { readonly places: readonly string[]; readonly valuesOf: (option: Name) => readonly string[] } => {
  const places: string[] = [];
  const values = new Map<string, string[]>(options.map((option) => [option, []]));
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    const known = values.get(argument);
    if (!argument.startsWith('--')) places.push(argument);
    else if (known === undefined) throw wrongUsage(`The option ${argument} is unknown`);
    else if (args[at + 1] === undefined) throw wrongUsage(`The option ${argument} has no value`);
    else known.push(args[++at] ?? '');
  }
  return { places, valuesOf: (option) => values.get(option) ?? [] };
};

/** Returns the keys of an argument: one as text, or those of a file. Throws Refusal. */
export const readKeys = (argument: string, readFile: ReadFile): readonly VerifierKey[] => {
  const isKey = /^[^+]+\+[0-9a-f]{8}\+/.test(argument);
  try {
    const text = isKey ? argument : readText(argument, readFile);
    return text.trimEnd().split('\n').map(parseVerifierKey);
  } catch (error) {
    if (error instanceof InvalidProof) throw new Refusal(2, `${error.message}\n`);
    throw error;
  }
};

/** Returns the text of a file. Throws Refusal when it cannot be read or is empty. */
export const readText = (path: string, readFile: ReadFile): string => {
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(1, `${printable(`Cannot read ${path}: ${reason}`)}\n`);
  }
  if (bytes.length === 0) throw new Refusal(6, `${printable(path)} is empty: there is nothing to check.\n`);
  return textOf(bytes, path);
};

/** Returns a report as text for a terminal. */
export const formatReport = ({ proved, notProved }: Report): string =>
  [
    ['Proved:', ...proved.map(asItem)],
    ['Not proved:', ...notProved.map(asItem)],
  ]
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');

const asItem = (sentence: string): string => `- ${printable(sentence)}`;
