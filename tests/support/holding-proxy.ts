import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Requests of one connection that were held back. */
export type Held = {
  /** Resolves when a whole request that contains `text` is held. */
  readonly whole: (text: string) => Promise<void>;
  /** Lets them arrive, and everything after them. */
  readonly release: () => void;
  /** Resets the connection on the client's side; the server hears nothing of it. */
  readonly lose: () => void;
  /** After `lose`: lets arrive what was held when the connection was lost. Nobody hears the answer. */
  readonly arriveLate: () => void;
};

/** A connection of one client to the server of an event store, for what a network does to requests. */
export type HoldingProxy = {
  readonly port: number;
  /** Holds back everything that the client sends from now on, or on a connection from the first piece with `text` on. */
  readonly hold: (text?: string) => Held;
  /** Resets every connection, as a client does that is killed. */
  readonly cut: () => void;
  readonly stop: () => Promise<void>;
};

type Line = {
  readonly near: Socket;
  readonly far: Socket;
  /** What is held back; null: nothing. */
  held: Buffer[] | null;
};

/** Passes everything on to `targetPort` until told otherwise. */
export const startHoldingProxy = async (targetPort: number): Promise<HoldingProxy> => {
  const lines = new Set<Line>();
  let holdFrom: string | null = null;
  let onHeld: () => void = () => {};

  const server = createServer((near) => {
    const line: Line = { near, far: connect(targetPort, '127.0.0.1'), held: holdFrom === '' ? [] : null };
    lines.add(line);
    near.on('data', (bytes) => {
      if (holdFrom !== null && bytes.includes(holdFrom)) line.held ??= [];
      if (line.held === null) line.far.write(bytes);
      else line.held.push(bytes);
      onHeld();
    });
    line.far.on('data', (bytes) => {
      if (!near.destroyed) near.write(bytes);
    });
    for (const socket of [near, line.far]) socket.on('error', () => {});
    near.on('close', () => {
      // What is held may arrive later.
      if (line.held === null) line.far.destroy();
    });
    line.far.on('close', () => {
      lines.delete(line);
      near.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');

  const hold = (from = ''): Held => {
    holdFrom = from;
    if (from === '') for (const line of lines) line.held ??= [];
    let lost: readonly { readonly line: Line; readonly bytes: readonly Buffer[] }[] = [];
    return {
      whole: (text) =>
        new Promise((resolve) => {
          onHeld = () => {
            if ([...lines].some(({ held }) => held !== null && containsWhole(Buffer.concat(held), text))) resolve();
          };
          onHeld();
        }),
      release: () => {
        holdFrom = null;
        for (const line of lines) {
          for (const bytes of line.held ?? []) line.far.write(bytes);
          line.held = null;
        }
      },
      lose: () => {
        holdFrom = null;
        lost = [...lines].flatMap((line) => (line.held === null ? [] : [{ line, bytes: line.held }]));
        for (const { line } of lost) {
          line.held = [];
          line.near.resetAndDestroy();
        }
      },
      arriveLate: () => {
        for (const { line, bytes } of lost) for (const each of bytes) line.far.write(each);
      },
    };
  };
  const cut = () => {
    for (const { near, far } of lines) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  return {
    port: address.port,
    hold,
    cut,
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};

/**
 * Returns true when the HTTP/2 frames that `bytes` begins with hold a request with `text` to its end: a DATA frame that
 * closes its stream. Holding may begin within a connection, but never within a frame: the client waits for no answer then.
 */
const containsWhole = (bytes: Buffer, text: string): boolean => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  let at = bytes.subarray(0, preface.length).toString('latin1') === preface ? preface.length : 0;
  const withText = new Set<number>();
  while (at + headerBytes <= bytes.length) {
    const end = at + headerBytes + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return false;
    const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (bytes.readUInt8(at + 3) === dataFrame) {
      if (bytes.subarray(at + headerBytes, end).includes(text)) withText.add(stream);
      if (withText.has(stream) && (bytes.readUInt8(at + 4) & endOfStream) !== 0) return true;
    }
    at = end;
  }
  return false;
};

const headerBytes = 9;
const dataFrame = 0;
const endOfStream = 1;
