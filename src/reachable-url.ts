/**
 * Returns the URL at which this machine reaches a server that listens on `host` and `port`. For all addresses of the
 * machine (`0.0.0.0`, `::`) it names the loopback address.
 */
export const reachableUrl = (host: string, port: number): string => {
  const named = loopbackOf[host] ?? host;
  return `http://${named.includes(':') ? `[${named}]` : named}:${port}`;
};

/** Returns true for an address that stands for all addresses of the machine. */
export const isEveryAddress = (host: string): boolean => host in loopbackOf;

/** Returns true for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);

const loopbackOf: Readonly<Record<string, string>> = {
  '0.0.0.0': '127.0.0.1',
  '::': '::1',
  '0:0:0:0:0:0:0:0': '::1',
};
