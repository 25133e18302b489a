import { InvalidProof } from '../proof/invalid.ts';
import { type ReadLogFile, reportOnLog } from '../proof/log-report.ts';
import { joinBytes, textOf } from '../proof/text/bytes.ts';
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
  const textIn = (option: '--older' | '--token'): string | null => {
    const [file, ...others] = valuesOf(option);
    if (others.length > 0) throw wrongUsage(`The option ${option} comes twice`);
    return file === undefined ? null : readText(file, readFile);
  };
  const [place = '', ...others] = places;
  if (place === '' || others.length > 0) throw wrongUsage('log needs one place: a directory or a URL');
  const keys = trustedKeys(valuesOf, readFile);
  const token = textIn('--token')?.trim() ?? null;
  if (token !== null) checkToken(token, place);
  return { place, keys, older: textIn('--older'), token };
};

/** Refuses a token that fetch would show in its error, and a place that would send it in plain text. */
const checkToken = (token: string, place: string): void => {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Refusal(
      2,
      'The file of --token must have one API key or access token, without spaces and line breaks in it.\n',
    );
  if (isUrl(place) && !isSecret(new URL(place)))
    throw new Refusal(2, 'A token goes only by https or to this machine. Give the URL as https.\n');
};

const isSecret = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

const isUrl = (place: string): boolean => /^https?:\/\//.test(place) && URL.canParse(place);

const filesIn =
  (directory: string, readFile: ReadFile): ReadLogFile =>
  async (path) => {
    try {
      return readFile(`${directory}/${path}`);
    } catch (error) {
      throw unreadable(`${directory}/${path}`, reasonOf(error));
    }
  };

const filesAt = (url: string, token: string | null): ReadLogFile => {
  const root = url.replace(/\/+$/, '');
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  let query = '';
  return async (path) => {
    const address = `${root}/${path}${query}`;
    for (let attempt = 1; ; attempt++) {
      const answer = await readAnswer({ address, headers, path, attempt });
      if ('bytes' in answer) {
        if (path === 'checkpoint') query = originQuery(answer.bytes);
        return answer.bytes;
      }
      const { reason, waitSeconds } = answer;
      if (waitSeconds > waitSecondsMax || attempt === attemptsMax) throw unreadable(address, reason);
      await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1_000));
    }
  };
};

/** Returns what keeps a cache from answering with a tile of before a restart. */
const originQuery = (checkpoint: Uint8Array): string =>
  `?origin=${encodeURIComponent(textOf(checkpoint, 'checkpoint').split('\n')[0] ?? '')}`;

/** The bytes of a file; or why there are none, and the seconds until another try. Infinity: there is no other try. */
type FileAnswer = { readonly bytes: Uint8Array } | { readonly reason: string; readonly waitSeconds: number };

type FileRequest = {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly attempt: number;
};

/** How often a server may send the reader away, and how long: a quota may be that of an hour. */
const [attemptsMax, waitSecondsMax] = [6, 3_600];

const readAnswer = async ({ address, headers, path, attempt }: FileRequest): Promise<FileAnswer> => {
  try {
    // Another address than the one that the reader trusts with the token gets nothing.
    const response = await fetch(address, { headers, redirect: 'manual', signal: AbortSignal.timeout(60_000) });
    if (response.ok) return { bytes: await bytesOf(response, path) };
    const detail = detailOf(await bytesOf(response, path));
    const isLater = [429, 503].includes(response.status) && /^\d+$/.test(response.headers.get('retry-after') ?? '');
    return {
      reason: `the server answered ${response.status}${detail === null ? '' : `: ${detail}`}`,
      waitSeconds: isLater ? Number(response.headers.get('retry-after')) : Number.POSITIVE_INFINITY,
    };
  } catch (error) {
    if (error instanceof InvalidProof) throw error;
    return { reason: `the connection was lost: ${reasonOf(error)}`, waitSeconds: 2 ** (attempt - 2) };
  }
};

/** Returns the sentence of a problem that the server answered, or null. It is a part of an error only. */
const detailOf = (body: Uint8Array): string | null => {
  try {
    const { detail }: { detail?: unknown } = JSON.parse(new TextDecoder().decode(body));
    return typeof detail === 'string' ? detail.slice(0, detailLengthMax) : null;
  } catch {
    return null;
  }
};

const detailLengthMax = 500;

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

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

const unreadable = (place: string, reason: string): Refusal =>
  new Refusal(1, `${printable(`Cannot read ${place}: ${reason}`)}\n`);
