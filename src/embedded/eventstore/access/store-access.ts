/**
 * Who may call the server, and its certificate. `INSECURE`: no TLS, and everybody who reaches the port may read and append.
 * It is for suites and benches, and never a default.
 */
export type StoreAccess = 'INSECURE' | SecureAccess;

/** Access with TLS and logins. `certificate`, with its issuers if any, and `key` are in PEM. */
export type SecureAccess = {
  readonly certificate: string;
  readonly key: string;
  /** The login of the product, which may read and append. Other users are in the table `eventstore.users`. */
  readonly login: StoreLogin;
};

/** A name and a password. Neither has a colon in the name, because Basic credentials end the name there. */
export type StoreLogin = { readonly name: string; readonly password: string };

/** Returns the access that another process sent, or null when it has not this shape. */
export const parseAccess = (value: unknown): StoreAccess | null => {
  if (value === 'INSECURE') return value;
  if (!isObject(value) || !isObject(value.login)) return null;
  const { certificate, key, login } = value;
  const { name, password } = login;
  const texts = [certificate, key, name, password];
  if (!texts.every((text) => typeof text === 'string' && text !== '')) return null;
  return { certificate: `${certificate}`, key: `${key}`, login: { name: `${name}`, password: `${password}` } };
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
