import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { uuidv7 } from 'uuidv7';

/** The status and the request id of a refusal on a bare connection. */
export type NoRequest = { readonly status: number; readonly requestId: string };

const faults: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The request line and the headers may have at most 16 kB together.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Send chunks without extensions.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};
const noHttp = [400, 'This is not a request of HTTP/1.1.'] as const;

/**
 * Answers bytes that are not an HTTP request on the bare connection, and closes it. Returns null when the connection is
 * closed or in the middle of an answer.
 */
export const refuseNoRequest = (error: Error, socket: Duplex, sharedHeaders: readonly string[]): NoRequest | null => {
  if (!socket.writable || isMidAnswer(socket)) {
    socket.destroy();
    return null;
  }
  const code = 'code' in error ? String(error.code) : '';
  const [status, detail] = faults[code] ?? noHttp;
  const requestId = uuidv7();
  const title = STATUS_CODES[status] ?? '';
  // A problem of the protocol has no type in RFC 9457 besides the status.
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, code: 'INVALID_REQUEST', requestId });
  const headers = [
    ...sharedHeaders,
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'X-Request-Id',
    requestId,
    'Connection',
    'close',
  ];
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}\r\n`] : []));
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`);
  return { status, requestId };
};

// Node stores the current answer of a connection in this member, and reads it for the same purpose.
const isMidAnswer = (socket: Duplex): boolean => {
  const busyWith: unknown = '_httpMessage' in socket ? socket._httpMessage : null;
  return (
    typeof busyWith === 'object' && busyWith !== null && 'headersSent' in busyWith && busyWith.headersSent === true
  );
};
