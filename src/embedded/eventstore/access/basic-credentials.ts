import type { StoreLogin } from './store-access.ts';

/** Returns the login in an `authorization` value, or null when it is not one of the scheme Basic. */
export const parseBasic = (authorization: string): StoreLogin | null => {
  const [, encoded] = /^basic +([a-z0-9+/=_-]+) *$/i.exec(authorization) ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) };
};
