import { parseClass, parseEscape, setText, unitText } from './regex-sets.ts';
import { isNext, type RegexSource, skip, take, takeMatch, unsupported } from './regex-source.ts';

/** A regex in the syntax of RE2. `size`: how many steps RE2 takes at most for each character of a name. */
export type TranslatedRegex = { readonly text: string; readonly size: number };

/** A part of a regex. `endAt`: where it has a `$`, after which nothing may follow. */
type Part = TranslatedRegex & { readonly endAt?: number | undefined };

/** With a name of 1,024 bytes, a regex of this size takes about as long as a page of the log. */
const sizeMax = 1_000;

/** The most steps for one name. A longer name needs a smaller regex. */
export const stepsMax: number = sizeMax * 1_025;
const lengthMax = 2_000;
const depthMax = 50;

/**
 * Translates a regex of .NET to RE2. It has the same meaning for every name, or throws a refusal with the reason and the
 * place. Only what .NET and JavaScript share is translated.
 */
export const translateRegex = (text: string): TranslatedRegex => {
  const source: RegexSource = { text, at: 0 };
  if (text.length > lengthMax) {
    throw unsupported({ text: `${text.slice(0, 40)}…`, at: 0 }, lengthMax, `it has more than ${lengthMax} characters`);
  }
  const whole = parseAlternatives(source, 0);
  if (source.at < text.length) throw unsupported(source, source.at, 'a group ends that did not begin');
  return whole;
};

const parseAlternatives = (source: RegexSource, depth: number): Part => {
  if (depth > depthMax) throw unsupported(source, source.at, `groups are nested more than ${depthMax} deep`);
  const parts = [parseSequence(source, depth)];
  while (skip(source, '|')) parts.push(parseSequence(source, depth));
  return {
    text: parts.map((part) => part.text).join('|'),
    size: sizeOf(
      source,
      parts.reduce((sum, { size }) => sum + size, parts.length),
    ),
    endAt: parts.find((part) => part.endAt !== undefined)?.endAt,
  };
};

const parseSequence = (source: RegexSource, depth: number): Part => {
  let sequence: Part = { text: '', size: 0 };
  while (source.at < source.text.length && !isNext(source, '|') && !isNext(source, ')')) {
    if (sequence.endAt !== undefined)
      throw unsupported(source, sequence.endAt, 'something follows $, which is supported at the end only');
    const part = parseQuantified(source, depth);
    const size = sizeOf(source, sequence.size + part.size);
    sequence = { text: sequence.text + part.text, size, endAt: part.endAt };
  }
  return sequence;
};

const sizeOf = (source: RegexSource, size: number): number => {
  if (size > sizeMax)
    throw unsupported(source, source.at - 1, `with its repetitions it has more than ${sizeMax} parts`);
  return size;
};

const parseQuantified = (source: RegexSource, depth: number): Part => {
  const at = source.at;
  if (parseQuantifier(source)) throw unsupported(source, at, 'there is nothing to repeat');
  const isAnchor = isNext(source, '^') || isNext(source, '$');
  const part = parseAtom(source, depth);
  const quantifierAt = source.at;
  const quantifier = parseQuantifier(source);
  if (quantifier === undefined) return part;
  if (isAnchor || part.endAt !== undefined) throw unsupported(source, quantifierAt, '^ and $ cannot be repeated');
  const againAt = source.at;
  if (parseQuantifier(source)) throw unsupported(source, againAt, 'a repetition is repeated');
  return { text: part.text + quantifier.text, size: sizeOf(source, part.size * quantifier.times + 1) };
};

type Quantifier = { readonly text: string; readonly times: number };

/** Parses a quantifier. Braces that are none are plain text, in .NET and in JavaScript. */
const parseQuantifier = (source: RegexSource): Quantifier | undefined => {
  const at = source.at;
  const [text, simple, from = '', comma, to = ''] = takeMatch(source, /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y) ?? [];
  if (text === undefined) return undefined;
  if (simple !== undefined) return { text: simple, times: 1 };
  // Without the comma the second number is a part of the first.
  const least = Number(comma === '' ? from + to : from);
  const most = comma === '' ? least : to === '' ? undefined : Number(to);
  if (most !== undefined && most < least) throw unsupported(source, at, 'a repetition ends below its beginning');
  const times = most ?? least + 1;
  if (times > sizeMax) throw unsupported(source, at, `a repetition has more than ${sizeMax} times`);
  return { text: `{${least}${comma}${most === undefined || comma === '' ? '' : most}}`, times: Math.max(times, 1) };
};

const parseAtom = (source: RegexSource, depth: number): Part => {
  const at = source.at;
  const unit = take(source);
  switch (unit) {
    case '(':
      return parseGroup(source, depth);
    case '[':
      return { text: parseClass(source), size: 1 };
    case '\\': {
      const escaped = parseEscape(source);
      return { text: 'unit' in escaped ? unitText(escaped.unit) : setText(escaped), size: 1 };
    }
    case '^':
      return { text: '\\A', size: 1 };
    case '$':
      // In .NET it also matches before a line feed that ends the name.
      return { text: '(?:\\n?\\z)', size: 2, endAt: at };
    case '.':
      return { text: '[^\\n]', size: 1 };
    default:
      return { text: unitText(unit.charCodeAt(0)), size: 1 };
  }
};

/** Parses a group after its parenthesis. No group is captured, because only whether a name matches counts. */
const parseGroup = (source: RegexSource, depth: number): Part => {
  const start = source.at - 1;
  if (isNext(source, '?') && !skip(source, '?:') && !takeMatch(source, /\?<[A-Za-z]\w*>/y)) {
    const [syntax = '?', reason] = groupReasons.find(([known]) => isNext(source, known)) ?? [];
    throw unsupported(source, start, reason ?? `(${syntax} is not in both .NET and JavaScript`);
  }
  const part = parseAlternatives(source, depth + 1);
  if (!skip(source, ')')) throw unsupported(source, start, 'the group has no end');
  return { ...part, text: `(?:${part.text})` };
};

const groupReasons: readonly (readonly [string, string])[] = [
  ['?=', 'look-ahead takes no linear time'],
  ['?!', 'look-ahead takes no linear time'],
  ['?<=', 'look-behind takes no linear time'],
  ['?<!', 'look-behind takes no linear time'],
  ['?>', 'JavaScript has no atomic groups'],
];
