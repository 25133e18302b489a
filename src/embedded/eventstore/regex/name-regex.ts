import { invalidArgument } from '../grpc-refusal.ts';
import { encodeName } from './regex-sets.ts';
import { stepsMax, translateRegex } from './translate-regex.ts';

/** A regex or prefixes for names of streams or types of events. */
export type NameMatcher = {
  /**
   * Returns true when it accepts the name. The time grows linearly with the length of the name. Throws a refusal when it
   * would take too long, because a filter rests only between two names.
   */
  matches(name: string): boolean;
  /** Returns how many steps `matches` has taken at most since the last reset. */
  steps(): number;
  resetSteps(): void;
};

/**
 * Creates a regex that accepts a name when a part of it matches. It has the meaning that .NET gives it. Throws a refusal
 * for one that is not supported.
 */
export const nameRegex = async (text: string): Promise<NameMatcher> => {
  const translated = translateRegex(text);
  // Few clients filter by regex, and loading the package would delay every start of the server.
  const { RE2JS } = await import('re2js');
  const regex = RE2JS.compile(translated.text);
  let steps = 0;
  return {
    matches: (name) => {
      const nameSteps = translated.size * (name.length + 1);
      if (nameSteps > stepsMax) throw tooLong(name, text);
      steps += nameSteps;
      return regex.test(encodeName(name));
    },
    steps: () => steps,
    resetSteps: () => {
      steps = 0;
    },
  };
};

const tooLong = (name: string, regex: string) =>
  invalidArgument(
    `The log has a name of ${name.length} characters, ${name.slice(0, 40)}…, for which the regex ${regex} would take too ` +
      'long. Use prefixes, or a simpler regex',
  );
