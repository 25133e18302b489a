import { createHash } from 'node:crypto';
import type { Caller } from '../../application/caller.ts';
import type { LogRead } from '../../application/logs/open-log.ts';
import { isRefusal, type Refusal } from '../../application/refusal.ts';
import { type Problem, refused } from '../problems/problems.ts';
import type { Call, FileReply } from '../route.ts';

/** The media type of texts such as checkpoints and proofs. */
export const plainText = 'text/plain; charset=utf-8';

/** A call by a credential, or by nobody that is known. */
export type LogCall = Call & { readonly caller: Caller | null };

/**
 * Reads a log for a caller and answers with `answer` of the result. Counts a caller without a credential by address.
 */
export const answerLog = async <Result extends object>(
  { caller, limits }: LogCall,
  organizationId: string,
  read: (log: LogRead) => Promise<Result | Refusal>,
  answer: (result: Result) => FileReply,
): Promise<FileReply | Problem> => {
  const refusal = caller === null ? await limits.takeForAddress('log') : null;
  if (refusal !== null) return refusal;
  const result = await read({ organizationId, reader: caller?.organizationId ?? null });
  return isRefusal(result) ? refused(result) : answer(result);
};

/** Returns the answer of bytes that may change, which a client asks for again by ETag. */
export const changingFile = (type: string, bytes: Uint8Array): FileReply => fileOf(type, bytes, 'private, no-cache');

/** Returns the answer of bytes that never change, which a client keeps for these seconds. */
export const immutableFile = (type: string, bytes: Uint8Array, maxAgeSeconds: number): FileReply =>
  fileOf(type, bytes, `private, immutable, max-age=${maxAgeSeconds}`);

/** Returns the answer of a text that may change. */
export const textFile = (text: string): FileReply => changingFile(plainText, Buffer.from(text));

const fileOf = (type: string, bytes: Uint8Array, cacheControl: string): FileReply => ({
  type,
  bytes,
  // A cache must not answer the credential of another organization.
  headers: { 'Cache-Control': cacheControl, Vary: 'Authorization', ETag: tagOf(bytes) },
});

const tagOf = (bytes: Uint8Array): string => `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
