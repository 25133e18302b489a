/** Returns an address with its port as URLs and servers write it. That of IPv6 is in brackets. */
export const addressOf = (host: string, port: number): string =>
  `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
