import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Problem, problemBody, statusOf } from '../problems/problems.ts';

/** Writes whole answers: the headers that all share, then those of the answer, then the body in one piece. */
export type Respond = {
  readonly json: (
    response: ServerResponse,
    status: number,
    text: string,
    headers: Readonly<Record<string, string>>,
  ) => void;
  readonly problem: (response: ServerResponse, refusal: Problem, headers: Readonly<Record<string, string>>) => void;
  /** Of status 204 and 304: headers only. */
  readonly empty: (response: ServerResponse, status: number, headers: Readonly<Record<string, string>>) => void;
  /** Begins an answer whose body follows piece by piece. */
  readonly begin: (response: ServerResponse, type: string, headers: Readonly<Record<string, string>>) => void;
  readonly text: (response: ServerResponse, type: string, text: string) => void;
  /** A file of a page: its own headers take the place of the shared ones of the same name. */
  readonly file: (
    response: ServerResponse,
    type: string,
    bytes: Buffer,
    headers: Readonly<Record<string, string>>,
  ) => void;
};

// Node notes it here, and then says that the connection closes but leaves that to the client: who does not listen would be
// refused every further request. Said by us, Node closes it.
const isLastOfConnection = (response: ServerResponse): boolean =>
  'maxRequestsOnConnectionReached' in response && response.maxRequestsOnConnectionReached === true;

// Answered at once, even a request without a body does not count as complete yet.
const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** `sharedHeaders`: names and values in turn. */
export const createRespond = (sharedHeaders: readonly string[]): Respond => {
  const withoutCacheControl = sharedHeaders.filter((_, at) => sharedHeaders[at - (at % 2)] !== 'Cache-Control');
  const writeHead = (
    response: ServerResponse,
    status: number,
    own: readonly string[],
    headers: Readonly<Record<string, string>>,
  ): void => {
    const lines = [...('Cache-Control' in headers ? withoutCacheControl : sharedHeaders), ...own];
    for (const name in headers) lines.push(name, headers[name] ?? '');
    // A client that is still sending must not have the rest of its body taken for its next request.
    const isLeftOver = !response.req.complete && hasBody(response.req.headers);
    if (isLeftOver || isLastOfConnection(response)) lines.push('Connection', 'close');
    response.writeHead(status, STATUS_CODES[status] ?? '', lines);
  };
  const write = (
    response: ServerResponse,
    status: number,
    type: string,
    text: string,
    headers: Readonly<Record<string, string>>,
  ): void => {
    writeHead(response, status, ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(text))], headers);
    // As text: Node sends it in one piece with the headers.
    response.end(text, 'utf8');
  };
  return {
    empty: (response, status, headers) => {
      writeHead(response, status, [], headers);
      response.end();
    },
    begin: (response, type, headers) => {
      writeHead(response, 200, ['Content-Type', type], headers);
      response.flushHeaders();
    },
    json: (response, status, text, headers) => write(response, status, 'application/json', text, headers),
    problem: (response, refusal, headers) =>
      write(
        response,
        statusOf(refusal),
        'application/problem+json',
        JSON.stringify(problemBody(refusal, headers['X-Request-Id'] ?? '')),
        { ...headers, ...refusal.headers },
      ),
    file: (response, type, bytes, headers) => {
      const own = new Set(Object.keys(headers));
      const shared = sharedHeaders.flatMap((name, at) =>
        at % 2 === 1 || own.has(name) ? [] : [name, sharedHeaders[at + 1] ?? ''],
      );
      const length = ['Content-Type', type, 'Content-Length', String(bytes.length)];
      response.writeHead(200, STATUS_CODES[200], [...shared, ...length, ...Object.entries(headers).flat()]);
      response.end(bytes);
    },
    text: (response, type, text) => write(response, 200, type, text, {}),
  };
};
