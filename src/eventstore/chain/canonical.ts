/**
 * RFC 8785 canonical JSON of what may stand in an event: strings, safe integers, booleans, null, arrays, plain objects.
 * Keys are ordered by UTF-16 code units. Throws NotCanonical, naming the place, for anything that another reader of the
 * same JSON could see differently: floats, unsafe integers, lone surrogates, undefined, BigInt, dates and other objects
 * that are not plain, and nesting deeper than 64 levels (which a cycle is, too).
 */
export const canonicalJson = (value: unknown): string => encode(value, 0, []);

/** A value has no canonical JSON form; the message names the place and what was found there. */
export class NotCanonical extends Error {
  override readonly name = 'NotCanonical';
}

const depthMax = 64;

type Path = (string | number)[];

const encode = (value: unknown, depth: number, path: Path): string => {
  switch (typeof value) {
    case 'string':
      return encodeText(value, path);
    case 'number':
      if (!Number.isSafeInteger(value)) throw refuse(path, `the number ${value}; only safe integers are stored`);
      // String(-0) is "0", as it is in JSON.
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= depthMax) throw refuse(path, `nesting deeper than ${depthMax} levels, or a cycle`);
      return Array.isArray(value) ? encodeArray(value, depth, path) : encodeObject(value, depth, path);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw refuse(path, `a value of type ${typeof value}`);
  }
};

const encodeArray = (values: readonly unknown[], depth: number, path: Path): string => {
  let text = '[';
  for (let index = 0; index < values.length; index++) {
    path.push(index);
    text += index === 0 ? encode(values[index], depth + 1, path) : `,${encode(values[index], depth + 1, path)}`;
    path.pop();
  }
  return `${text}]`;
};

const encodeObject = (value: object, depth: number, path: Path): string => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refuse(path, 'an object that is not plain');
  if (Object.getOwnPropertySymbols(value).length > 0) throw refuse(path, 'an object with a symbol as a key');

  let text = '{';
  const members: Readonly<Record<string, unknown>> = { ...value };
  // The default order of sort() is that of UTF-16 code units, which is the order RFC 8785 asks for.
  for (const key of Object.keys(value).sort()) {
    path.push(key);
    text += `${text.length === 1 ? '' : ','}${encodeText(key, path)}:${encode(members[key], depth + 1, path)}`;
    path.pop();
  }
  return `${text}}`;
};

const encodeText = (text: string, path: Path): string => {
  if (plainText.test(text)) return `"${text}"`;
  if (loneSurrogate.test(text)) throw refuse(path, 'text with a lone surrogate, which UTF-8 cannot hold');

  // JSON.stringify escapes exactly what RFC 8785 asks for.
  return JSON.stringify(text);
};

// Printable ASCII without quote and backslash needs no escape: nearly all of what is stored.
const plainText = /^[ !#-[\]-~]*$/;
const loneSurrogate = /\p{Surrogate}/u;

const refuse = (path: Path, found: string): NotCanonical =>
  new NotCanonical(`Not canonical JSON: ${path.length === 0 ? 'the value' : path.join('.')} is ${found}.`);
