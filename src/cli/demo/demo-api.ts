import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** The address and API key of a running server, as in demo.json. */
export type DemoTarget = { readonly baseUrl: string; readonly apiKey: string };

/** An answer of the API. */
export type DemoAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** Sends a request. A refusal that passes with time is not returned: the request is sent again. */
export type DemoCall = (method: 'GET' | 'POST', path: string, body?: object) => Promise<DemoAnswer>;

/**
 * Returns what sends the requests of the demo. It waits as long as `Retry-After` says on 429, on 503 and while the same
 * request is in flight. `print` gets a line for a wait of over a second.
 */
export const createDemoCall =
  ({ baseUrl, apiKey }: DemoTarget, print: (line: string) => void): DemoCall =>
  async (method, path, body) => {
    const request = {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
    };
    for (;;) {
      const response = await fetch(new URL(path, baseUrl), request);
      const answer = { status: response.status, body: (await response.json()) as DemoAnswer['body'] };
      if (!passes(answer)) return answer;
      const seconds = Math.max(1, Number(response.headers.get('retry-after') ?? 1));
      if (seconds > 1) print(`    … waits ${seconds} s: ${answer.body.code}`);
      await delay(seconds * 1_000);
    }
  };

const passes = ({ status, body: { code } }: DemoAnswer): boolean =>
  status === 429 || status === 503 || code === 'IDEMPOTENCY_IN_FLIGHT' || code === 'CONCURRENT_MODIFICATION';
