import { expect, test } from 'vitest';
import { clientIp, limitedAs } from '../../../src/api/http/client-ip.ts';

const seenFrom = (remoteAddress: string, forwarded: string | undefined, hops: number) =>
  clientIp(
    { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } },
    hops,
  );

test('Without a trusted proxy the server ignores X-Forwarded-For', () => {
  expect(seenFrom('198.51.100.7', '10.0.0.1, 10.0.0.2', 0)).toBe('198.51.100.7');
});

test('The server trusts exactly as many entries as there are proxies', () => {
  const forwarded = '6.6.6.6, 203.0.113.9, 10.0.0.2';
  expect(seenFrom('10.0.0.1', forwarded, 1)).toBe('10.0.0.2');
  expect(seenFrom('10.0.0.1', forwarded, 2)).toBe('203.0.113.9');
  expect(seenFrom('10.0.0.1', forwarded, 3)).toBe('6.6.6.6');
  expect(seenFrom('10.0.0.1', '203.0.113.9', 3)).toBe('203.0.113.9');
  expect(seenFrom('10.0.0.1', undefined, 2)).toBe('10.0.0.1');
});

test('An entry that is not an address counts as the proxy that sent it', () => {
  for (const junk of ['unknown', '', 'a'.repeat(8_000), '1.2.3', '1.2.3.4.5', "'; drop table", '999.1.1.1'])
    expect(seenFrom('10.0.0.1', `203.0.113.9, ${junk}`, 2)).toBe('10.0.0.1');
  expect(seenFrom('10.0.0.1', 'unknown, 10.0.0.2', 2)).toBe('10.0.0.2');
});

test('Addresses lose ports, brackets, zones and the IPv6 form of IPv4', () => {
  expect(seenFrom('10.0.0.1', '203.0.113.9:4711', 1)).toBe('203.0.113.9');
  expect(seenFrom('10.0.0.1', '[2001:db8::1]:4711', 1)).toBe('2001:db8::1');
  expect(seenFrom('10.0.0.1', 'fe80::1%eth0', 1)).toBe('fe80::1');
  expect(seenFrom('::ffff:203.0.113.9', undefined, 0)).toBe('203.0.113.9');
});

test('IPv6 is limited by its /64 in every notation, and IPv4 by address', () => {
  expect(limitedAs('203.0.113.9')).toBe('203.0.113.9');
  const same = ['2001:db8:1:2::1', '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2:0:0:192.0.2.1'];
  for (const address of same) expect(limitedAs(address)).toBe('2001:db8:1:2::/64');
  expect(limitedAs('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
  expect(limitedAs('::1')).toBe('0:0:0:0::/64');
  expect(limitedAs('2001:db8::')).toBe('2001:db8:0:0::/64');
});
