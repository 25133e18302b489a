import { createHmac } from 'node:crypto';
import type { Secrets } from '../identity/secrets.ts';
import type { RawRequest } from './http/parse-request.ts';

/**
 * The fields of bodies that are passwords or tokens. They are no part of what a request is recognized by, because a
 * hash over a password is stored nowhere.
 */
export const secretFields: ReadonlySet<string> = new Set([
  ...['password', 'currentPassword', 'newPassword', 'token', 'refreshToken'],
]);

/** What a request is recognized by. */
type Recognized = {
  /** As the client sent it, before any default. */
  readonly sent: RawRequest;
  /** What else tells it from other requests, such as what a token names. */
  readonly about: object;
  /** As the release before recognized it: validated, with defaults and secrets. */
  readonly legacyInput: object;
};

/**
 * Returns every hash that a request may have been stored with, under each configured secret; the first is the one to
 * store. Keyed, because a request may hold personal values that are short enough to be guessed from a plain hash.
 */
export const requestHashes = (
  secrets: Secrets,
  { sent: { params, query, body }, about, legacyInput }: Recognized,
): readonly string[] => {
  const text = JSON.stringify({ params, query, body: withoutSecrets(body ?? {}), about }, inOrder);
  // Of requests that were sent before the upgrade; the release after next can forget them.
  return [text, JSON.stringify(legacyInput)].flatMap((each) =>
    secrets.all.map((secret) => createHmac('sha256', secret.key('idempotency')).update(each).digest('hex')),
  );
};

/** For JSON.stringify: equal objects get equal text, whatever order their names come in. */
export const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const withoutSecrets = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => !secretFields.has(name)))
    : body;
