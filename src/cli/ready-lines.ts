import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { isEveryAddress, reachableUrl } from '../reachable-url.ts';
import type { Demo } from './demo/demo-data.ts';

/** Returns the lines of the start about the pages of the API. None without the role `api`. */
export const pagesOf = ({ host }: Config, baseUrl: string | null): readonly string[] => {
  if (baseUrl === null) return [];
  const elsewhere = isEveryAddress(host) ? networkAddresses(host).map((address) => urlAt(baseUrl, address)) : [];
  return [
    ...(elsewhere.length === 0 ? [] : [`From other machines:  ${elsewhere.join('  ')}`]),
    `In a browser:  ${baseUrl}  (console: ${baseUrl}/console, operations: ${baseUrl}/docs, error codes: ${baseUrl}/problems)`,
  ];
};

/** Returns the line of the start about the login of the demo. The password stays in the file. */
export const loginOf = ({ dataDir }: Config, demo: Demo | null): readonly string[] =>
  demo?.email === undefined ? [] : [`Demo login:  ${demo.email}, with the password in ${join(dataDir, 'demo.json')}`];

const urlAt = (baseUrl: string, address: string): string => reachableUrl(address, Number(new URL(baseUrl).port || 80));

const shownMax = 2;

/** Returns addresses of this machine that others may reach. An IPv4 wildcard listens on IPv4 only. */
const networkAddresses = (host: string): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(
      ({ internal, family, scopeid }) => !internal && (family === 'IPv4' || (host !== '0.0.0.0' && scopeid === 0)),
    )
    .map(({ address }) => address)
    .slice(0, shownMax);
