import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One address for servers of which one answers at a time, as a cluster has it behind a name. */
export type Switchboard = {
  readonly port: number;
  /** Resets every connection and passes new ones on to this port. */
  readonly routeTo: (targetPort: number) => void;
  /** How many connections there were so far. */
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
};

/** Passes connections on to `targetPort` until told otherwise. */
export const startSwitchboard = async (targetPort: number): Promise<Switchboard> => {
  const sockets = new Set<Socket>();
  let target = targetPort;
  let connections = 0;
  const server = createServer((near) => {
    connections += 1;
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The switchboard has no port.');

  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    routeTo: (port) => {
      target = port;
      cut();
    },
    connections: () => connections,
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
