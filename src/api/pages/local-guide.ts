import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The demo organization and its license, as pages name them. No answer has the password, because a proxy may hide who asks. */
export type PageDemo = {
  readonly organizationId: string;
  readonly licenseId: string;
  readonly licenseKey: string;
  readonly email?: string | undefined;
};

/** What pages tell a person at the machine of the server, and nobody else. */
export type LocalGuide = {
  /** The URL of the management port. */
  readonly managementUrl: string;
  /** Returns the demo of the embedded mode, or null before it exists. */
  readonly demo: () => PageDemo | null;
};

/**
 * Returns the guide for a request that came from this machine straight to the server, and null for every other one.
 * The name in Host must be that of the machine itself, so that a page of another site cannot read the answer under a name
 * of its own. A request through a proxy came from somewhere else.
 */
export const guideFor = (guide: LocalGuide | null, request: IncomingMessage): LocalGuide | null => {
  const { headers, socket } = request;
  // A proxy without any of these headers usually speaks HTTP/1.0.
  const isDirect = request.httpVersion === '1.1' && proxyHeaders.every((name) => headers[name] === undefined);
  return isDirect && isLocalAddress(socket.remoteAddress ?? '') && isLocalName(headers.host ?? '') ? guide : null;
};

const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const isLocalAddress = (address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
};

/** Returns true for the name of the machine itself, with or without a port. */
export const isLocalName = (host: string): boolean => /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host);
