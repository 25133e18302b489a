import { InvalidProof, mustBe } from '../invalid.ts';

/**
 * Returns the members of a JSON object that every reader reads alike: no object in it has two members of one name, and
 * `canonicalJson` accepts it. Throws InvalidProof for another text; `what` names it in the message.
 */
export const parseObject = (text: string, what: string): Readonly<Record<string, unknown>> => {
  const value = parseJson(text, what);
  mustBe(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is not a JSON object.`);
  checkTokens(text, what);
  return { ...value };
};

const parseJson = (text: string, what: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new InvalidProof(`${what} is not JSON.`);
    throw error;
  }
};

// JSON.parse has accepted the text, but it takes the last of two members of one name, and it rounds numbers.
const checkTokens = (text: string, what: string): void => {
  const scopes: Set<string>[] = [];
  for (const token of text.matchAll(tokens)) {
    const problem = problemOf(token, scopes);
    if (problem === null) continue;
    const line = text.slice(0, token.index).split('\n').length;
    throw new InvalidProof(`${what} has ${problem} in line ${line}.`);
  }
};

/** Returns the problem of a token, or null. `scopes`: the names of the members so far, of each open object or array. */
const problemOf = ([token, quoted, colon]: RegExpMatchArray, scopes: Set<string>[]): string | null => {
  if (quoted !== undefined) return problemOfText(JSON.parse(quoted), colon === undefined ? undefined : scopes.at(-1));
  if (token === '{' || token === '[')
    return scopes.push(new Set()) > depthMax ? `more than ${depthMax} nested levels` : null;
  if (token !== '}' && token !== ']') return isStoredNumber(token) ? null : 'a number other than a safe integer';
  scopes.pop();
  return null;
};

const problemOfText = (text: string, names: Set<string> | undefined): string | null => {
  if (/\p{Surrogate}/u.test(text)) return 'a lone surrogate';
  if (names?.has(text) === true) return 'a second member of the same name';
  names?.add(text);
  return null;
};

const isStoredNumber = (text: string): boolean =>
  /^(?:0|-?[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(Number(text));

/** The nesting that `canonicalJson` accepts. */
const depthMax = 64;

// A text is the name of a member when a colon follows. Literals and commas have nothing to check.
const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]|-?[0-9][0-9.eE+-]*/gs;
