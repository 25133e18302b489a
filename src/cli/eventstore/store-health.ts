import { createServer } from 'node:http';
import { type Listening, listen, shutDown } from '../server/listen.ts';

/** The health of an event store over HTTP. */
export type StoreHealth = Listening & {
  /** Says from now on that the store serves, or why it does not. */
  readonly report: (state: 'READY' | NotReady) => void;
  /** Says from now on, also after later reports, that the store ends. */
  readonly reportEnd: (why: string) => void;
  readonly stop: () => Promise<void>;
};

/** A sentence that says why a store does not serve. */
export type NotReady = { readonly why: string };

/**
 * Answers `/health/live` with 204 while the process works, and `/health/ready` with 204 while the store serves, otherwise
 * with 503 and the reason. It needs no login and tells nothing else.
 */
export const serveHealth = async (host: string, port: number): Promise<StoreHealth> => {
  let isEnding = false;
  let state: 'READY' | NotReady = { why: 'The event store is starting.' };
  const server = createServer((request, response) => {
    // `URL` throws for what some clients send, such as `//`.
    const pathname = request.url?.split('?')[0];
    response.setHeader('cache-control', 'no-store');
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end();
    else if (pathname === '/health/live') response.writeHead(204).end();
    else if (pathname !== '/health/ready') response.writeHead(404).end();
    else if (state === 'READY') response.writeHead(204).end();
    else response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end(`${state.why}\n`);
  });
  const listening = await listen(server, host, port, 'LEDGER_EVENTSTORE_HEALTH_PORT');
  return {
    ...listening,
    report: (next) => {
      if (!isEnding) state = next;
    },
    reportEnd: (why) => {
      isEnding = true;
      state = { why };
    },
    stop: shutDown(listening),
  };
};
