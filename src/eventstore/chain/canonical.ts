/**
 * Returns the RFC 8785 canonical JSON of a value that an event may contain: strings, safe integers, booleans, null,
 * arrays, plain objects. Orders keys by UTF-16 code units. Throws NotCanonical, naming the place, for values that
 * another reader of the same JSON could read differently. These are floats, unsafe integers, lone surrogates,
 * undefined, BigInt, dates and other objects that are not plain. Also throws it for nesting deeper than 64 levels, such
 * as a cycle.
 */
export const canonicalJson = (value: unknown): string => encode(value, 0, []);

/** A value has no canonical JSON form; the message names the place and the value there. */
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
      // String(-0) is "0", as in JSON.
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
  // sort() orders by UTF-16 code units, as RFC 8785 requires.
  for (const key of Object.keys(value).sort()) {
    path.push(key);
    text += `${text.length === 1 ? '' : ','}${encodeText(key, path)}:${encode(members[key], depth + 1, path)}`;
    path.pop();
  }
  return `${text}}`;
};

const encodeText = (text: string, path: Path): string => {
  if (plainText.test(text)) return `"${text}"`;
  if (loneSurrogate.test(text)) throw refuse(path, 'text with a lone surrogate, which UTF-8 cannot represent');

  // JSON.stringify escapes exactly the characters that RFC 8785 requires.
  return JSON.stringify(text);
};

// Printable ASCII without quote and backslash needs no escape. Nearly all stored text is like that.
const plainText = /^[ !#-[\]-~]*$/;
const loneSurrogate = /\p{Surrogate}/u;

const refuse = (path: Path, problem: string): NotCanonical =>
  new NotCanonical(`Not canonical JSON: ${path.length === 0 ? 'the value' : path.join('.')} is ${problem}.`);
