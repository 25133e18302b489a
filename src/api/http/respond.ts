import { type IncomingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Problem, problemBody, statusOf } from '../problems/problems.ts';

type Headers = Readonly<Record<string, string>>;

/** Writes answers: first the headers that all answers share, then the headers of this answer, then the body. */
export type Respond = {
  readonly json: (response: ServerResponse, status: number, text: string, headers: Headers) => void;
  readonly problem: (response: ServerResponse, refusal: Problem, headers: Headers) => void;
  /** Writes the headers of an answer without a body (204 and 304). */
  readonly empty: (response: ServerResponse, status: number, headers: Headers) => void;
  /** Starts an answer. The caller writes the body piece by piece. */
  readonly begin: (response: ServerResponse, type: string, headers: Headers) => void;
  readonly text: (response: ServerResponse, type: string, text: string) => void;
  /** Writes an answer of other bytes than JSON. */
  readonly bytes: (response: ServerResponse, type: string, bytes: Uint8Array, headers: Headers) => void;
  /** Writes a file of a page. Its headers replace the shared headers of the same name. */
  readonly file: (response: ServerResponse, type: string, bytes: Buffer, headers: Headers) => void;
  /**
   * Says that the client has the file of a page (304). The headers are those of the file, because a browser takes them
   * over into its copy.
   */
  readonly unchangedFile: (response: ServerResponse, headers: Headers) => void;
};

type WholeAnswer = {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers: Headers;
};

// Node notes the last request of a connection here and only tells the client to close. A client that ignores that gets
// every further request refused. With our own Connection: close, Node closes the connection.
const isLastOfConnection = (response: ServerResponse): boolean =>
  'maxRequestsOnConnectionReached' in response && response.maxRequestsOnConnectionReached === true;

// Node reports a request without a body as incomplete when it is answered immediately.
const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

// Node must not read the rest of an unread body as the next request.
const isLeftOver = ({ req }: ServerResponse): boolean => !req.complete && hasBody(req.headers);

/** Returns the header that closes the connection after an answer, when it must not be used again. */
const closing = (response: ServerResponse): readonly string[] =>
  isLeftOver(response) || isLastOfConnection(response) ? ['Connection', 'close'] : [];

/** Returns what writes answers. `sharedHeaders` is a list of names and values in turn. */
export const createRespond = (sharedHeaders: readonly string[]): Respond => {
  const withoutCacheControl = sharedHeaders.filter((_, at) => sharedHeaders[at - (at % 2)] !== 'Cache-Control');
  const writeHead = (response: ServerResponse, status: number, own: readonly string[], headers: Headers): void => {
    const lines = [...('Cache-Control' in headers ? withoutCacheControl : sharedHeaders), ...own];
    for (const name in headers) lines.push(name, headers[name] ?? '');
    response.writeHead(status, STATUS_CODES[status] ?? '', [...lines, ...closing(response)]);
  };
  const write = (response: ServerResponse, { status, type, text, headers }: WholeAnswer): void => {
    writeHead(response, status, ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(text))], headers);
    // As text: Node sends it in one piece with the headers.
    response.end(text, 'utf8');
  };
  const replacing = (headers: Headers): string[] => {
    const own = new Set(Object.keys(headers));
    const others = sharedHeaders.flatMap((name, at) =>
      at % 2 === 1 || own.has(name) ? [] : [name, sharedHeaders[at + 1] ?? ''],
    );
    return [...others, ...Object.entries(headers).flat()];
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
    json: (response, status, text, headers) => write(response, { status, type: 'application/json', text, headers }),
    problem: (response, refusal, headers) =>
      write(response, {
        status: statusOf(refusal),
        type: 'application/problem+json',
        text: JSON.stringify(problemBody(refusal, headers['X-Request-Id'] ?? '')),
        headers: { ...headers, ...refusal.headers },
      }),
    bytes: (response, type, bytes, headers) => {
      writeHead(response, 200, ['Content-Type', type, 'Content-Length', String(bytes.length)], headers);
      response.end(bytes);
    },
    file: (response, type, bytes, headers) => {
      const length = ['Content-Type', type, 'Content-Length', String(bytes.length)];
      response.writeHead(200, STATUS_CODES[200], [...length, ...replacing(headers), ...closing(response)]);
      response.end(bytes);
    },
    unchangedFile: (response, headers) => {
      response.writeHead(304, STATUS_CODES[304], [...replacing(headers), ...closing(response)]);
      response.end();
    },
    text: (response, type, text) => write(response, { status: 200, type, text, headers: {} }),
  };
};
