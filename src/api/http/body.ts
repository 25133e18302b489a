import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { escapePointer } from '../pointer.ts';
import { type Problem, problem } from '../problems/problems.ts';

/** Largest body that is read, in bytes. */
export const bodyBytesMax = 100 * 1024;
const depthMax = 32;
const arrayLengthMax = 1000;
const stringBytesMax = 4096;
// A client that is still sending cannot read the refusal. The server reads and drops this much, so that the client can.
const discardedBytesMax = 8 * 1024 * 1024;

/** A body as parsed JSON, or the problem with it. `undefined` stands for an absent body. */
export type Body = { readonly json: unknown } | Problem;

/** Reads and parses the JSON body of a request within the documented limits. Never throws for the content of a body. */
export const readJsonBody = async (request: IncomingMessage, bytesMax = bodyBytesMax): Promise<Body> => {
  const bytes = await readBytes(request, bytesMax);
  if (bytes === 'too_large') return problem('BODY_TOO_LARGE', `The body may have at most ${bytesMax} bytes.`);
  if (bytes === 'aborted') return problem('INVALID_REQUEST', 'The body ended before its announced length.');
  if (bytes.length === 0) return { json: undefined };
  if (!isJson(request.headers['content-type']) || !isPlain(request.headers['content-encoding'])) {
    return problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json in UTF-8, without Content-Encoding.');
  }
  return parseJson(bytes);
};

/** Parses JSON from bytes. Checks the depth on the bytes, before recursive code sees the value. */
export const parseJson = (bytes: Buffer): Body => {
  if (!isUtf8(bytes)) return problem('INVALID_REQUEST', 'The body is not valid UTF-8.');
  if (isTooDeep(bytes)) {
    return problem('INVALID_REQUEST', `The body is nested more than ${depthMax} levels deep.`);
  }
  const text = bytes.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return problem('INVALID_REQUEST', 'The body is not valid JSON.');
  }
  // A short body without escapes and without the name __proto__ cannot break the other limits.
  if (bytes.length <= arrayLengthMax && !text.includes('\\u') && !text.includes('__proto__')) return { json };
  const fault = faultOf(json, '');
  return fault === null ? { json } : problem('INVALID_REQUEST', 'The body breaks a limit.', [fault]);
};

const readBytes = (request: IncomingMessage, bytesMax: number): Promise<Buffer | 'too_large' | 'aborted'> =>
  new Promise((resolve) => {
    // When the client left during the check of its credential, none of the events below follow.
    if (request.destroyed) resolve('aborted');
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        if (length > discardedBytesMax) resolve('too_large');
      }
    });
    request.on('end', () => {
      const [first] = chunks;
      if (length > bytesMax) resolve('too_large');
      else resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length));
    });
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });

const isJson = (contentType: string | undefined): boolean =>
  contentType === 'application/json' ||
  (contentType !== undefined &&
    /^application\/(?:[a-z0-9.-]{1,60}\+)?json\s{0,9}(?:;\s{0,9}charset\s{0,9}=\s{0,9}"?utf-8"?\s{0,9})?;?$/i.test(
      contentType,
    ));

const isPlain = (contentEncoding: string | undefined): boolean =>
  contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity';

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const isTooDeep = (bytes: Buffer): boolean => {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
  }
  return false;
};

type Fault = { readonly pointer: string; readonly detail: string };

const faultOf = (json: unknown, pointer: string): Fault | null => {
  if (typeof json === 'string') return faultOfText(json, pointer);
  if (typeof json !== 'object' || json === null) return null;
  if (Array.isArray(json)) {
    if (json.length > arrayLengthMax) {
      return { pointer, detail: `An array may have at most ${arrayLengthMax} elements.` };
    }
    return firstFault(json.entries(), pointer);
  }
  return firstFault(Object.entries(json), pointer);
};

const firstFault = (entries: Iterable<readonly [string | number, unknown]>, pointer: string): Fault | null => {
  for (const [name, value] of entries) {
    if (name === '__proto__') return { pointer, detail: 'The name __proto__ is not allowed.' };
    const fault =
      (typeof name === 'string' ? faultOfText(name, pointer) : null) ??
      faultOf(value, `${pointer}/${escapePointer(name)}`);
    if (fault !== null) return fault;
  }
  return null;
};

const faultOfText = (text: string, pointer: string): Fault | null => {
  if (text.length > stringBytesMax || Buffer.byteLength(text) > stringBytesMax) {
    return { pointer, detail: `A string may have at most ${stringBytesMax} bytes.` };
  }
  // Postgres cannot store either of them.
  if (text.includes('\0') || /\p{Surrogate}/u.test(text)) {
    return { pointer, detail: 'A string may not contain NUL or half a surrogate pair.' };
  }
  return null;
};
