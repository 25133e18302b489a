import { LedgerProblem, LedgerUnreachable } from '@license-ledger/client';

/** A message of a stream of server-sent events. `id`: the cursor after it; null when it has none. */
export type StreamMessage = { readonly id: string | null; readonly data: string };

/** Thrown when the server refuses a stream, so that another try would get the same answer. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
}

/** Returns what takes the text of a stream piece by piece, and returns the messages that are complete. */
export const createStreamParser = (): ((text: string) => readonly StreamMessage[]) => {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    return blocks.map(messageIn).filter(({ id, data }) => id !== null || data !== '');
  };
};

const messageIn = (block: string): StreamMessage => {
  const fields = block.split(/\r?\n/).map((line) => /^(id|data): ?(.*)$/.exec(line));
  const valuesOf = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
  return { id: valuesOf('id').at(-1) ?? null, data: valuesOf('data').join('\n') };
};

/** Whether news arrive, or the connection is being made. */
export type StreamState = 'live' | 'connecting';

/** What follows a stream. */
export type Following = {
  /** Opens the stream after a cursor. */
  readonly open: (cursor: string, signal: AbortSignal) => Promise<Response>;
  /** The cursor to begin after. */
  readonly from: string;
  /** Gets the messages in their order, and the cursor after the last of them. */
  readonly onMessages: (messages: readonly StreamMessage[], cursor: string) => void;
  readonly onState: (state: StreamState) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Waits between two connections. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** The server sends a sign of life every 15 seconds. After this silence the connection counts as lost. */
const silenceMs = 45_000;
const pauseMaxMs = 30_000;

/**
 * Follows a stream until the signal aborts. Connects again after a loss, from the last cursor, with growing pauses. Throws
 * StreamRefused when the server refuses it, and what `open` and `onMessages` throw besides a lost connection.
 */
export const followStream = async ({ open, from, onMessages, onState, signal, pause }: Following): Promise<void> => {
  let cursor = from;
  for (let losses = 0; !signal.aborted; losses += 1) {
    onState('connecting');
    if (losses > 0) await pause(Math.min(500 * 2 ** losses, pauseMaxMs), signal);
    if (signal.aborted) return;
    const lost = new AbortController();
    try {
      const response = await open(cursor, AbortSignal.any([signal, lost.signal]));
      if (response.status >= 400 && !isPassingStatus(response.status))
        throw new StreamRefused(`The server refused the stream with ${response.status}.`);
      if (!response.ok || response.body === null) continue;
      onState('live');
      const parse = createStreamParser();
      for await (const text of piecesOf(response.body, lost)) {
        const messages = parse(text);
        cursor = messages.findLast(({ id }) => id !== null)?.id ?? cursor;
        losses = 0;
        if (messages.length > 0) onMessages(messages, cursor);
      }
    } catch (error) {
      if (!signal.aborted && !isLoss(error)) throw error;
    }
  }
};

// Too many requests, and failures of the server, end by themselves.
const isPassingStatus = (status: number): boolean => status === 429 || status >= 500;

/** Returns true for a failure that ends by itself: no answer, too many requests, or a failure of the server. */
export const isPassing = (error: unknown): boolean =>
  error instanceof LedgerUnreachable || (error instanceof LedgerProblem && isPassingStatus(error.status));

// `fetch` and its body throw a TypeError or a DOMException when the connection is lost.
const isLoss = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof DOMException || isPassing(error);

/** Reads the text of a stream. Aborts `lost` when nothing comes for long. */
async function* piecesOf(body: ReadableStream<Uint8Array>, lost: AbortController): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const timer = setTimeout(() => lost.abort(), silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
