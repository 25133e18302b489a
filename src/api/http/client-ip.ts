import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A request as far as its origin is concerned. */
type Came = Pick<IncomingMessage, 'headers'> & { readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'> };

/**
 * The address a request came from, with exactly `hops` proxies of ours in front: the last `hops` entries that they have
 * added to X-Forwarded-For are believed, and never one more, which the client could have made up. An entry that is no
 * address counts as its proxy.
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

/** What an address is limited as: IPv4 each for itself, IPv6 by its /64, which is what one customer gets. */
export const limitedAs = (address: string): string => (isIPv6(address) ? `${networkOf(address)}::/64` : address);

/** An address without port, brackets, zone, or the IPv6 dress of an IPv4 one; null for anything else. */
const plain = (text: string): string | null => {
  const [, bracketed] = /^\[([^\]]{2,60})\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, v4] = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(text) ?? [];
  const [address = ''] = (bracketed ?? v4 ?? text).split('%');
  if (!isIPv6(address)) return isIP(address) === 0 ? null : address;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : address;
};

/** The first four groups of an IPv6 address, each without leading zeros. */
const networkOf = (address: string): string =>
  ipaddr.IPv6.parse(address)
    .parts.slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
