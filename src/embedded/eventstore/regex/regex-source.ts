import { invalidArgument, type Refusal } from '../grpc-refusal.ts';

/** The source of a regex while it is parsed, in UTF-16 units as .NET has them. `at`: the next unit. */
export type RegexSource = { readonly text: string; at: number };

/** Returns true when the next units are these. */
export const isNext = ({ text, at }: RegexSource, units: string): boolean => text.startsWith(units, at);

/** Goes on after these units when they are next. Returns whether they were. */
export const skip = (source: RegexSource, units: string): boolean => {
  const isThere = isNext(source, units);
  if (isThere) source.at += units.length;
  return isThere;
};

/** Returns the next unit and goes on after it. Empty at the end. */
export const take = (source: RegexSource): string => {
  const unit = source.text.charAt(source.at);
  source.at += unit.length;
  return unit;
};

/** Goes on after what `pattern`, which is sticky, matches here. Returns its groups; undefined when it does not match. */
export const takeMatch = (source: RegexSource, pattern: RegExp): readonly string[] | undefined => {
  pattern.lastIndex = source.at;
  const match = pattern.exec(source.text) ?? undefined;
  if (match) source.at += match[0].length;
  return match;
};

/** Returns the refusal of a regex: the reason and the place, and which regexes are supported. */
export const unsupported = ({ text }: RegexSource, at: number, reason: string): Refusal =>
  invalidArgument(
    `The regex ${text} is not supported: ${reason}, at character ${at + 1}. This server has the regexes that .NET and ` +
      'JavaScript share and that take linear time. Use prefixes, or a simpler regex',
  );
