/**
 * The prefix of a typed id, for a license, organization, activation, policy, API key, event, user, session, product,
 * project, invitation, lease, evidence pack, or a reference into `vault`.
 */
export type IdPrefix = (typeof idPrefixes)[number];

/** Lists every prefix of a typed id. */
export const idPrefixes = [
  'lic',
  'org',
  'act',
  'pol',
  'key',
  'evt',
  'usr',
  'ses',
  'prd',
  'prj',
  'inv',
  'lea',
  'pck',
  'ref',
] as const;

/**
 * Returns the typed id of a UUID: `prefix_` and 26 symbols of Crockford base32, lower case (TypeID coding). Throws
 * RangeError when `uuid` is not a UUID.
 */
export const encodeId = (prefix: IdPrefix, uuid: string): string => {
  if (!uuidPattern.test(uuid)) throw new RangeError(`${JSON.stringify(uuid)} is not a UUID.`);
  const digits = BigInt(`0x${uuid.replaceAll('-', '')}`)
    .toString(32)
    .padStart(26, '0');
  let symbols = '';
  for (const digit of digits) symbols += alphabet[Number.parseInt(digit, 32)];
  return `${prefix}_${symbols}`;
};

/** Returns the UUID of a typed id with this prefix; null for anything that `encodeId` does not write. */
export const decodeId = (prefix: IdPrefix, id: string): string | null => {
  if (id.length !== prefix.length + 27 || !id.startsWith(`${prefix}_`)) return null;
  const symbols = id.slice(prefix.length + 1);
  if (!symbolsPattern.test(symbols)) return null;
  let value = 0n;
  for (const symbol of symbols) value = value * 32n + BigInt(alphabet.indexOf(symbol));
  const hex = value.toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Returns the pattern of the typed ids with one of these prefixes. */
export const idPattern = (...prefixes: readonly [IdPrefix, ...IdPrefix[]]): RegExp => {
  const [first, ...others] = prefixes;
  const prefix = others.length === 0 ? first : `(?:${prefixes.join('|')})`;
  return new RegExp(`^${prefix}_${symbolsOfId}$`);
};

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
// 26 symbols are 130 bits: a first symbol above 7 would not fit into the 128 of a UUID.
const symbolsOfId = '[0-7][0-9a-hjkmnp-tv-z]{25}';
const symbolsPattern = new RegExp(`^${symbolsOfId}$`);
const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
