import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the scripted server has seen it. */
export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
};

/** What it does with a request: answer (text as it stands, anything else as JSON), break off in the middle, or nothing at all. */
export type Scripted =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | 'half an answer'
  | 'silence';

/** A server whose answers are the test's: `script` gets each request and how many there were, this one included. */
export const startScripted = async (script: (seen: Seen, count: number) => Scripted) => {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const key = headers['idempotency-key'];
    const asked = {
      method,
      path: url,
      key: typeof key === 'string' ? key : undefined,
      authorization: headers.authorization,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(asked);
    const answer = script(asked, seen.length);
    if (answer === 'silence') return;
    if (answer === 'half an answer') {
      response.writeHead(200, { 'content-length': '100' }).write('{"code":"VALID"');
      response.socket?.end();
      return;
    }
    const { status, headers: sent = {}, body = '' } = answer;
    response.writeHead(status, sent).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** A refusal as the API writes one. */
export const refusal = (status: number, code: string, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  body: { type: `/problems#${code}`, title: code, status, detail: `It is ${code}.`, code, requestId: 'r-1' },
});

/** Runs `use` with the URL of a scripted server and the requests that it has seen. Stops the server afterwards. */
export const withScripted = async <T>(
  script: (seen: Seen, count: number) => Scripted,
  use: (url: string, seen: Seen[]) => Promise<T>,
): Promise<T> => {
  const server = await startScripted(script);
  try {
    return await use(server.url, server.seen);
  } finally {
    server.stop();
  }
};
