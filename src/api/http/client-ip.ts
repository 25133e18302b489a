import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The parts of a request that tell its origin. */
type Came = Pick<IncomingMessage, 'headers'> & { readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'> };

/**
 * Returns the address that a request came from, behind exactly `hops` proxies of the operator. Trusts only the last
 * `hops` entries of X-Forwarded-For, which those proxies have added. The client may have invented all others. An entry
 * that is not an address counts as its proxy.
 */
export const clientIp = ({ headers, socket }: Came, hops: number): string => {
  const peer = plain(socket.remoteAddress ?? '') ?? '';
  if (hops === 0) return peer;
  const forwarded = headers['x-forwarded-for'];
  // Node joins repeated headers with commas.
  const entries = typeof forwarded === 'string' ? forwarded.split(',').slice(-hops) : [];
  let address = peer;
  for (const entry of entries.toReversed()) {
    const next = plain(entry.trim());
    if (next === null) return address;
    address = next;
  }
  return address;
};

/**
 * Returns the key that limits an address: the address for IPv4, and the /64 for IPv6, which one customer usually gets.
 */
export const limitedAs = (address: string): string => (isIPv6(address) ? `${networkOf(address)}::/64` : address);

/**
 * Returns the place of an address in the network: its /24 for IPv4, and its /64 for IPv6. The owner of one address of
 * a place can often use the others.
 */
export const placeOf = (address: string): string =>
  isIP(address) === 4 ? `${address.slice(0, address.lastIndexOf('.'))}.0/24` : limitedAs(address);

/** Returns an address without port, brackets, zone or the IPv6 form of an IPv4 address. Returns null for other text. */
const plain = (text: string): string | null => {
  if (isIPv4(text)) return text;
  const [, bracketed] = /^\[([^\]]{2,60})\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, v4] = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(text) ?? [];
  const [address = ''] = (bracketed ?? v4 ?? text).split('%');
  if (!isIPv6(address)) return isIP(address) === 0 ? null : address;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : address;
};

/** Returns the first four groups of an IPv6 address, without leading zeros. */
const networkOf = (address: string): string =>
  ipaddr.IPv6.parse(address)
    .parts.slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
