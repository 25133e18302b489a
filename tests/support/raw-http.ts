import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

/** An answer as it came over the wire. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of the client's end of the connection. */
  readonly port: number;
};

/** Sends bytes as they are on a connection of their own, and reads until the server closes it. */
export const sendRaw = async (baseUrl: string, bytes: string | Buffer): Promise<string> => {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  // Cut off in the middle of what it sends, it has still read the answer.
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return text;
};

/** A request with any method, path and headers, which `fetch` would refuse to send. */
export const sendAny = (
  baseUrl: string,
  { method = 'GET', path, headers = {}, body = '', agent }: AnyRequest,
): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port: serverPort } = new URL(baseUrl);
    const address = { hostname, port: serverPort };
    // Node says how long a body is of the usual methods only.
    const framed = body.length === 0 ? headers : { 'content-length': String(Buffer.byteLength(body)), ...headers };
    const sent = request({ ...address, method, path, headers: framed, agent: agent ?? false }, (answer) => {
      const port = answer.socket.localPort ?? 0;
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, port }));
    });
    sent.on('error', reject);
    sent.end(body);
  });

type AnyRequest = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Uint8Array;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
};
