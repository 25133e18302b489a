import { encodeName } from './regex-sets.ts';
import { translateRegex } from './translate-regex.ts';

/** A regex on names of streams or types of events. */
export type NameRegex = {
  /** Returns true when the regex matches a part of the name. The time grows linearly with the length of the name. */
  matches(name: string): boolean;
  /** Returns how many steps `matches` has taken at most since the last reset. */
  steps(): number;
  resetSteps(): void;
};

/** Creates a regex with the meaning that .NET gives it. Throws a refusal for one that is not supported. */
export const nameRegex = async (text: string): Promise<NameRegex> => {
  const translated = translateRegex(text);
  // Few clients filter by regex, and loading the package would delay every start of the server.
  const { RE2JS } = await import('re2js');
  const regex = RE2JS.compile(translated.text);
  let steps = 0;
  return {
    matches: (name) => {
      steps += translated.size * (name.length + 1);
      return regex.test(encodeName(name));
    },
    steps: () => steps,
    resetSteps: () => {
      steps = 0;
    },
  };
};
