import { InvalidProof } from '../proof/invalid.ts';
import { type ReadLogFile, reportOnLog } from '../proof/log-report.ts';
import type { VerifierKey } from '../proof/notes/verifier-keys.ts';
import { joinBytes } from '../proof/text/bytes.ts';
import { printable } from '../proof/text/printable.ts';
import {
  formatReport,
  type Outcome,
  type ReadFile,
  Refusal,
  readKeys,
  readText,
  splitArguments,
  usage,
} from './command.ts';

/** Runs `log` with the arguments after it. Reads the log file by file. Throws only for a fault of this program. */
export const runLogCommand = async (args: readonly string[], readFile: ReadFile): Promise<Outcome> => {
  try {
    const { place, token, ...demand } = readArguments(args, readFile);
    const readLogFile = isUrl(place) ? filesAt(place, token) : filesIn(place, readFile);
    return { exitCode: 0, output: formatReport(await reportOnLog(readLogFile, demand)) };
  } catch (error) {
    if (error instanceof Refusal) return { exitCode: error.exitCode, output: error.message };
    if (error instanceof InvalidProof) return { exitCode: 3, output: `Not proved. ${error.message}\n` };
    throw error;
  }
};

const readArguments = (args: readonly string[], readFile: ReadFile) => {
  const { places, valuesOf } = splitArguments(args, ['--key', '--witness', '--older', '--token']);
  const keysOf = (option: '--key' | '--witness'): readonly VerifierKey[] =>
    valuesOf(option).flatMap((argument) => readKeys(argument, readFile));
  const textIn = (option: '--older' | '--token'): string | null => {
    const [file, ...others] = valuesOf(option);
    if (others.length > 0) throw new Refusal(2, usage);
    return file === undefined ? null : readText(file, readFile);
  };
  const [place = '', ...others] = places;
  const keys = { logs: keysOf('--key'), witnesses: keysOf('--witness') };
  if (place === '' || others.length > 0 || keys.logs.length === 0) throw new Refusal(2, usage);
  return { place, keys, older: textIn('--older'), token: textIn('--token')?.trim() ?? null };
};

const isUrl = (place: string): boolean => /^https?:\/\//.test(place);

const filesIn =
  (directory: string, readFile: ReadFile): ReadLogFile =>
  async (path) => {
    try {
      return readFile(`${directory}/${path}`);
    } catch (error) {
      throw unreadable(`${directory}/${path}`, error);
    }
  };

const filesAt = (url: string, token: string | null): ReadLogFile => {
  const root = url.replace(/\/+$/, '');
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  return async (path) => {
    for (let attempt = 1; ; attempt++) {
      const response = await request(`${root}/${path}`, headers);
      if (response.ok) return bytesOf(response, path);
      const waitSeconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      const isLater = [429, 503].includes(response.status) && waitSeconds <= waitSecondsMax && attempt < attemptsMax;
      if (!isLater) throw unreadable(`${root}/${path}`, `the server answered ${response.status}`);
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1_000));
    }
  };
};

/** How often and how long a server may send the reader away. */
const [attemptsMax, waitSecondsMax] = [10, 120];

const request = async (address: string, headers: Readonly<Record<string, string>>): Promise<Response> => {
  try {
    // Another address than the one that the reader trusts with the token gets nothing.
    return await fetch(address, { headers, redirect: 'error', signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    throw unreadable(address, error);
  }
};

// A full bundle has 256 entries of less than 2^16 bytes, each after its length.
const fileBytesMax = 256 * (2 ** 16 + 1);

/** Returns the body. A server cannot make the reader hold more than the largest bundle. */
const bytesOf = async (response: Response, path: string): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    length += read.value.length;
    if (length > fileBytesMax) {
      await reader?.cancel();
      throw new InvalidProof(`${path} has more than ${fileBytesMax} bytes.`);
    }
    parts.push(read.value);
  }
  return joinBytes(...parts);
};

const unreadable = (place: string, error: unknown): Refusal => {
  const reason = error instanceof Error ? error.message : String(error);
  return new Refusal(1, `${printable(`Cannot read ${place}: ${reason}`)}\n`);
};
