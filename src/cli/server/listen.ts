import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { reachableUrl } from '../../reachable-url.ts';

export type Listening = { readonly server: Server; readonly url: string };

// A whole stop may take nine seconds.
const drainMs = 5_000;

/**
 * Starts listening. Port 0 takes a free port. Throws an Error with advice when the address is in use or not of this
 * machine. `variables`: what the advice names.
 */
export const listen = async (
  server: Server,
  host: string,
  port: number,
  variables = 'PORT or MANAGEMENT_PORT',
): Promise<Listening> => {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new Error(
        `${host}:${port} is in use by another process. Set ${variables} to another port. 0 takes a free port.`,
      );
    }
    throw new Error(`Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : error}`);
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return { server, url: reachableUrl(host, bound) };
};

/**
 * Returns what shuts a server down: it accepts no connections, lets requests finish for five seconds, then cuts them
 * off.
 */
export const shutDown =
  ({ server }: Listening) =>
  async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const patience = new AbortController();
    const late = delay(drainMs, true, { signal: patience.signal }).catch(() => false);
    if ((await Promise.race([closed.then(() => false), late])) === true) server.closeAllConnections();
    await closed;
    patience.abort();
  };
