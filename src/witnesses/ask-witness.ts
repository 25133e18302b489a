import { mustBe } from '../proof/invalid.ts';
import { parseSignatures } from '../proof/notes/signed-notes.ts';
import { formatWitnessRequest, type WitnessRequest } from '../proof/notes/witness-requests.ts';
import { parseDecimal } from '../proof/text/decimal.ts';

/**
 * What a witness answers. `cosigned`: lines of a note, which nobody has verified yet. `conflict`: it has cosigned a checkpoint
 * of this size of the log.
 */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  | { readonly kind: 'conflict'; readonly size: number };

/** A witness refused a checkpoint, or its answer is wrong. The message is a sentence for the operator. */
export class WitnessFailed extends Error {
  override readonly name = 'WitnessFailed';
}

/** A witness did not answer, or cannot answer now, whatever the checkpoint is. */
export class WitnessSilent extends Error {
  override readonly name: string = 'WitnessSilent';
}

/** A witness answered with a fault of its own (5xx), which may be about this log only. */
export class WitnessFaulty extends WitnessSilent {
  override readonly name = 'WitnessFaulty';
}

/**
 * Sends `add-checkpoint` of C2SP tlog-witness below `url`. An answer has at most 16,000 bytes and comes within 10 s, and
 * redirects are not followed. Throws WitnessFailed, WitnessFaulty and WitnessSilent.
 */
export const askWitness = async (
  url: string,
  request: WitnessRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<WitnessAnswer> => {
  const { status, text } = await post(addCheckpoint(url), formatWitnessRequest(request), signal);
  try {
    if (status === 200) {
      parseSignatures(text);
      return { kind: 'cosigned', lines: text };
    }
    if (status === 409) return { kind: 'conflict', size: sizeOf(text) };
  } catch (error) {
    throw new WitnessFailed(`It answered ${status} in a form that is not the one of C2SP tlog-witness.`, {
      cause: error,
    });
  }
  if (status >= 500) throw new WitnessFaulty(`It answered ${status}.`);
  if (status === 429) throw new WitnessSilent('It answered 429.');
  throw new WitnessFailed(refusals[status] ?? `It answered ${status}.`);
};

const post = async (url: URL, body: string, signal: AbortSignal): Promise<{ status: number; text: string }> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]),
    });
    return { status: response.status, text: await readSome(response) };
  } catch (error) {
    signal.throwIfAborted();
    throw new WitnessSilent(`It did not answer: ${reasonOf(error)}.`, { cause: error });
  }
};

const readSome = async ({ body }: Response): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > answerBytesMax) throw new RangeError(`its answer has more than ${answerBytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
};

// `fetch` says why only in the cause.
const reasonOf = (error: unknown): string => {
  const { cause = error } = error as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message : String(cause);
};

const sizeOf = (text: string): number => {
  mustBe(text.endsWith('\n'), 'The size ends with a line break.');
  return parseDecimal(text.slice(0, -1), 'The size');
};

const addCheckpoint = (url: string): URL => new URL('add-checkpoint', url.endsWith('/') ? url : `${url}/`);

const refusals: Readonly<Record<number, string>> = {
  400: 'It calls the request malformed (400).',
  403: 'It does not know the key of the log (403). Give its operator the current key: GET /v1/logs/{organizationId}/keys.',
  404: 'It does not know the log (404). Give its operator the origin and the key: GET /v1/logs/{organizationId}/keys.',
  422: 'It refuses the consistency proof (422), so it has seen another log under this name. Run ledger verify.',
};

const answerMsMax = 10_000;
const answerBytesMax = 16_000;
