import { setTimeout as delay } from 'node:timers/promises';
import type { DemoCall, DemoTarget } from './demo-api.ts';

const path = '/v1/events/stream?types=LicenseExpired';

/** Returns the cursor behind the expiries that the feed has now. */
export const endOfExpiries = async (call: DemoCall): Promise<string> => {
  let cursor = '';
  for (;;) {
    const { body } = await call('GET', `/v1/events?types=LicenseExpired&limit=1000${cursor && `&cursor=${cursor}`}`);
    if (typeof body.nextCursor !== 'string')
      throw new Error(`The feed of events did not answer as expected: ${JSON.stringify(body)}`);
    cursor = body.nextCursor;
    if (body.hasMore !== true) return cursor;
  }
};

/**
 * Waits on the event stream until the expiry of this license arrives behind the cursor. A stream that ends is opened
 * again after the last event.
 */
export const untilExpiryArrives = async (
  { baseUrl, apiKey }: DemoTarget,
  licenseId: string,
  cursor: string,
): Promise<void> => {
  let last = cursor;
  for (;;) {
    const response = await fetch(new URL(path, baseUrl), {
      headers: { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream', 'last-event-id': last },
    }).catch(() => null);
    if (response?.ok === true && response.body !== null) {
      for await (const { id, subject } of eventsIn(response.body)) {
        last = id;
        if (subject === licenseId) return;
      }
    } else if (response !== null && response.status < 500 && response.status !== 429) {
      throw new Error(`The event stream was refused: ${await response.text()}`);
    }
    await delay(1_000);
  }
};

type Received = { readonly id: string; readonly subject: string };

/** Reads server-sent events until the stream ends or breaks. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<Received> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(bytes, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [id, data] = [fieldOf(block, 'id'), fieldOf(block, 'data')];
        if (id !== null && data !== null) yield { id, subject: String((JSON.parse(data) as Received).subject) };
      }
    }
  } catch {
    // The connection broke. The caller opens the next stream.
  }
}

const fieldOf = (block: string, name: string): string | null => {
  const line = block.split('\n').find((candidate) => candidate.startsWith(`${name}: `));
  return line === undefined ? null : line.slice(name.length + 2);
};
