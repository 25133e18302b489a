import { createHmac } from 'node:crypto';
import type { Secret, Secrets } from '../../identity/secrets.ts';
import type { RawRequest } from '../http/parse-request.ts';

/**
 * The fields of bodies that are passwords or tokens. They do not recognize a request, because no hash over a password
 * is stored.
 */
export const secretFields: ReadonlySet<string> = new Set([
  'password',
  'currentPassword',
  'newPassword',
  'token',
  'refreshToken',
  'deviceToken',
]);

/** The values that recognize a request. */
type RequestToRecognize = {
  /** The input as the client sent it, without defaults. */
  readonly sent: RawRequest;
  /** Further values that tell the request from others, such as the ids that a token stands for. */
  readonly about: object;
  /** The input as the previous release hashed it: validated, with defaults and secrets. */
  readonly legacyInput: object;
};

/**
 * Returns every hash that a request may have been stored with, under each configured secret. The first is the one to
 * store. The hashes are keyed, because a plain hash over short personal values can be guessed.
 */
export const requestHashes = (
  secrets: Secrets,
  { sent, about, legacyInput }: RequestToRecognize,
): readonly string[] => {
  const text = textOf(sent, about);
  // These hashes belong to requests from before the upgrade. The release after next can drop them.
  return [...keyedHashes(secrets, text), ...legacyHashes(secrets, legacyInput)];
};

/** Returns the hash to store with a request that cannot be repeated. It is the first of `requestHashes`. */
export const newRequestHash = (
  { signing }: Secrets,
  { sent, about }: Pick<RequestToRecognize, 'sent' | 'about'>,
): string => keyedHash(signing, textOf(sent, about));

const textOf = ({ params, query, body }: RawRequest, about: object): string =>
  JSON.stringify({ params, query, body: withoutSecrets(body ?? {}), about }, inOrder);

/** Returns the hashes that the previous release stored a request with, over its passwords and tokens too. */
export const legacyHashes = (secrets: Secrets, legacyInput: object): readonly string[] =>
  keyedHashes(secrets, JSON.stringify(legacyInput));

/** Returns true for a body with a password or token. */
export const hasSecrets = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Object.keys(body).some((name) => secretFields.has(name));

const keyedHashes = ({ all }: Secrets, text: string): readonly string[] => all.map((secret) => keyedHash(secret, text));

const keyedHash = (secret: Secret, text: string): string =>
  createHmac('sha256', secret.key('idempotency')).update(text).digest('hex');

/** Sorts the names of objects, as the replacer of JSON.stringify. Equal objects get equal text. */
export const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const withoutSecrets = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => !secretFields.has(name)))
    : body;
