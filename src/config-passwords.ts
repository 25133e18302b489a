import type { Variables } from './config-variables.ts';

/** Passwords that documentation, images and examples use. An attacker who knows the product tries them first. */
const publicPasswords: ReadonlySet<string> = new Set([
  'admin',
  'changeit',
  'changeme',
  'example',
  'ledger',
  'password',
  'postgres',
  'secret',
]);

const urls = [
  'DATABASE_URL',
  'DATABASE_API_URL',
  'DATABASE_PROJECTOR_URL',
  'DATABASE_WORKER_URL',
  'EVENTSTORE_URL',
  'REDIS_URL',
  'MAIL_URL',
  'LEDGER_EVENTSTORE_DATABASE_URL',
] as const satisfies readonly (keyof Variables)[];

// A random secret of 32 bytes has about 30 different ones. One that was written in hexadecimal first has about 16, and
// practically never fewer than this.
const leastDifferentBytes = 8;

/**
 * Returns a sentence for each password that everybody may know, and for a signing secret that is not random. In production
 * such a configuration is refused. Null: the secret is not judged. Secrets that only verify are not judged, because license keys need them.
 */
export const publicPasswordFaults = (variables: Variables, secret: string | null): readonly string[] => [
  ...urls
    .filter((name) => publicPasswords.has(passwordOf(variables[name] ?? '').toLowerCase()))
    .map((name) => `${name} has a password that everybody knows: set another one when NODE_ENV is production.`),
  ...(secret !== null && isMonotonous(secret.split(',')[0] ?? '')
    ? ['LEDGER_SECRET is not random: put a new one first (ledger secrets rotate) when NODE_ENV is production.']
    : []),
];

const isMonotonous = (secret: string): boolean =>
  new Set(Buffer.from(secret.trim(), 'base64')).size < leastDifferentBytes;

/** Returns the password of a URL, empty without one. The URL of a cluster has several hosts, which `URL` does not read. */
const passwordOf = (url: string): string => {
  const written = /^[a-z+]+:\/\/[^/@]*?:([^/@]*)@/.exec(url)?.[1] ?? '';
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
};
