import { isNext, type RegexSource, skip, take, takeMatch, unsupported } from './regex-source.ts';

/** Members of a set of units, in the syntax of RE2, as between the brackets of a class. */
export type UnitSet = { readonly members: string; readonly isNegated: boolean };

/** An escape: one unit, or a set of them. */
export type Escape = { readonly unit: number } | UnitSet;

/** Returns a unit in the syntax of RE2. */
export const unitText = (unit: number): string => `\\x{${codePointOf(unit).toString(16)}}`;

/** Returns a set as a class of RE2. */
export const setText = ({ members, isNegated }: UnitSet): string => `[${isNegated ? '^' : ''}${members}]`;

/**
 * Returns a name as RE2 must read it. .NET sees two units where a character is above U+FFFF. RE2 sees one character, so
 * each of these units becomes a character of its own.
 */
export const encodeName = (name: string): string =>
  surrogates.test(name)
    ? name.replace(surrogatesAll, (unit) => String.fromCodePoint(codePointOf(unit.charCodeAt(0))))
    : name;

const surrogates = /[\ud800-\udfff]/;
const surrogatesAll = /[\ud800-\udfff]/g;
const firstSurrogate = 0xd800;
const lastSurrogate = 0xdfff;
/** In a plane for private use, whose own characters are encoded likewise. */
const surrogatesBase = 0x100000;

const codePointOf = (unit: number): number =>
  unit >= firstSurrogate && unit <= lastSurrogate ? surrogatesBase + unit : unit;

/** Parses an escape after its backslash. */
export const parseEscape = (source: RegexSource): Escape => {
  const at = source.at - 1;
  const unit = take(source);
  const set = sets[unit] ?? (unit.toLowerCase() === 'p' ? parseCategory(source, unit === 'P') : undefined);
  if (set) return set;
  const control = controls[unit];
  if (control !== undefined) return { unit: control };
  if (unit === 'x' || unit === 'u') {
    const [hex] = takeMatch(source, unit === 'x' ? /[0-9a-f]{2}/iy : /[0-9a-f]{4}/iy) ?? [];
    if (hex !== undefined) return { unit: Number.parseInt(hex, 16) };
    throw unsupported(source, at, `\\${unit} needs ${unit === 'x' ? 'two' : 'four'} hexadecimal digits`);
  }
  if (unit !== '' && !/[\w\u0080-\uffff]/.test(unit)) return { unit: unit.charCodeAt(0) };
  throw unsupported(source, at, reasons[unit] ?? (unit === '' ? 'it ends with a backslash' : `\\${unit} is unknown`));
};

const word = '\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}';
const space = '\\t\\n\\x{b}\\f\\r\\x{85}\\p{Z}';

/** As .NET defines them; those of JavaScript know fewer characters outside ASCII. */
const sets: Readonly<Record<string, UnitSet>> = {
  d: { members: '\\p{Nd}', isNegated: false },
  D: { members: '\\p{Nd}', isNegated: true },
  s: { members: space, isNegated: false },
  S: { members: space, isNegated: true },
  w: { members: word, isNegated: false },
  W: { members: word, isNegated: true },
};

const controls: Readonly<Record<string, number>> = { f: 12, n: 10, r: 13, t: 9, v: 11 };

const boundary = 'word boundaries (\\b, \\B) take no linear time here';
const reasons: Readonly<Record<string, string>> = {
  b: boundary,
  B: boundary,
  k: 'back-references take no linear time',
  ...Object.fromEntries([...'123456789'].map((digit) => [digit, 'back-references take no linear time'])),
  ...Object.fromEntries([...'AZzGae'].map((letter) => [letter, `JavaScript does not have \\${letter}`])),
};

const categories = new Set(
  ['L Lu Ll Lt Lm Lo M Mn Mc Me', 'N Nd Nl No P Pc Pd Ps Pe Pi Pf Po', 'S Sm Sc Sk So Z Zs Zl Zp Cc Cf'].flatMap(
    (names) => names.split(' '),
  ),
);

const parseCategory = (source: RegexSource, isNegated: boolean): UnitSet => {
  const at = source.at - 2;
  const [, name = ''] = takeMatch(source, /\{(\w+)\}/y) ?? [];
  if (!categories.has(name))
    throw unsupported(source, at, 'only general categories such as \\p{L} and \\p{Lu} are known');
  return { members: `\\p{${name}}`, isNegated };
};

/** Parses a class after its opening bracket. Returns it in the syntax of RE2. */
export const parseClass = (source: RegexSource): string => {
  const start = source.at - 1;
  const isNegated = skip(source, '^');
  if (isNext(source, ']')) throw unsupported(source, start, '.NET and JavaScript read an empty class differently');
  let members = '';
  const negatedSets: UnitSet[] = [];
  while (!skip(source, ']')) {
    const at = source.at;
    if (isNext(source, '-[')) throw unsupported(source, at, '.NET may subtract a class here');
    const item = parseClassItem(source, start);
    if (!('unit' in item)) {
      if (item.isNegated) negatedSets.push(item);
      else members += item.members;
    }
    if (!isNext(source, '-') || isNext(source, '-]')) {
      if ('unit' in item) members += unitText(item.unit);
      continue;
    }
    skip(source, '-');
    if (isNext(source, '[')) throw unsupported(source, source.at - 1, '.NET may subtract a class here');
    const end = parseClassItem(source, start);
    if (!('unit' in item) || !('unit' in end)) throw unsupported(source, at, 'a range in a class has a set as its end');
    if (end.unit < item.unit) throw unsupported(source, at, 'a range in a class ends before it begins');
    members += rangeText(item.unit, end.unit);
  }
  if (negatedSets.length === 0) return setText({ members, isNegated });
  if (isNegated) throw unsupported(source, start, 'a negated class cannot have \\D, \\S, \\W or \\P here');
  const parts = [...(members === '' ? [] : [{ members, isNegated: false }]), ...negatedSets];
  return `(?:${parts.map(setText).join('|')})`;
};

const parseClassItem = (source: RegexSource, start: number): Escape => {
  const at = source.at;
  const unit = take(source);
  if (unit === '') throw unsupported(source, start, 'the class has no end');
  if (unit === '\\') return parseEscape(source);
  if (unit === '[' && isNext(source, ':')) throw unsupported(source, at, '.NET reads [: in a class differently');
  return { unit: unit.charCodeAt(0) };
};

/** The units of a range, with its surrogates where `encodeName` puts them. */
const rangeText = (from: number, to: number): string =>
  [
    [from, Math.min(to, firstSurrogate - 1)],
    [Math.max(from, firstSurrogate), Math.min(to, lastSurrogate)],
    [Math.max(from, lastSurrogate + 1), to],
  ]
    .filter(([low = 0, high = 0]) => low <= high)
    .map(([low = 0, high = 0]) => `${unitText(low)}-${unitText(high)}`)
    .join('');
