import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP connection in between, for what a network does and a server cannot. */
export type TcpProxy = {
  readonly port: number;
  /** Resets every connection, as a server does that is killed. */
  cut(): void;
  /** From now on nothing arrives on either side, and nothing is closed: a cable is pulled. */
  blackhole(): void;
  /** New connections pass again; those of before stay dead, as behind a router that forgot them. */
  heal(): void;
  stop(): Promise<void>;
};

/** Passes everything on to `targetPort` until told otherwise. */
export const startProxy = async (targetPort: number): Promise<TcpProxy> => {
  const sockets = new Set<Socket>();
  let line = { isBlack: false };
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    const ours = line;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!ours.isBlack) to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (!ours.isBlack) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');

  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    cut,
    blackhole: () => {
      line.isBlack = true;
    },
    heal: () => {
      line = { isBlack: false };
    },
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
