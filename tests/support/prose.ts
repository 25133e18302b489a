/** A piece of text that people read, with the line where it starts. */
export type Prose = {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly place: 'TEXT' | 'HEADING' | 'CELL';
};

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
const oneWord = (text: string): string => 'X'.repeat(text.length);

/**
 * Returns the text with each inline code as one word and without addresses of links and tags of HTML. Offsets stay, so
 * a place in the result has the same place in the file.
 */
const withoutCode = (text: string): string =>
  text
    .replace(/(`+)[^`]+\1/g, oneWord)
    .replace(/\]\([^)\s]*\)/g, (address) => `]${' '.repeat(address.length - 1)}`)
    .replace(/https?:\/\/[^\s)]+/g, oneWord)
    .replace(/<[^<>]*>/g, blank);

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

// A sentence ends with a mark and a space. After a colon or semicolon the next one starts with a capital or a mark.
const sentenceEnd = /(?<=[.!?][)"*_\]]*)\s+|(?<=[:;][)"*_\]]*)\s+(?=[\p{Lu}"*[(])/u;

const sentencesOf = (block: Prose): readonly Prose[] => {
  let offset = 0;
  return block.text.split(new RegExp(`(${sentenceEnd.source})`, 'u')).flatMap((part) => {
    const start = offset + part.length - part.trimStart().length;
    offset += part.length;
    const text = part.replace(/\s+/g, ' ').trim();
    if (!/\p{L}/u.test(text)) return [];
    return [{ ...block, line: block.line + lineAt(block.text, start) - 1, text }];
  });
};

// A blank line, a heading, an item of a list, a row of a table and a quotation start another block.
const blockStart = /\n[ \t]*\n|\n(?=[ \t]*(?:[-*>|#]|\d+\. ))|(?<=(?:^|\n)#[^\n]*)\n/;

/** Returns the sentences of a page of Markdown. Blocks of code are left out, and each cell of a table is for itself. */
export const sentencesOfMarkdown = (path: string, page: string, firstLine = 1): readonly Prose[] => {
  const text = withoutCode(page.replace(/^ *```[\s\S]*?^ *```/gm, blank));
  let offset = 0;
  return text.split(new RegExp(`(${blockStart.source})`)).flatMap((block) => {
    const line = firstLine + lineAt(text, offset) - 1;
    offset += block.length;
    if (block.trimStart().startsWith('|'))
      return block.split('|').flatMap((cell) => sentencesOf({ path, line, text: cell, place: 'CELL' }));
    const place = block.trimStart().startsWith('#') ? 'HEADING' : 'TEXT';
    return sentencesOf({ path, line, text: block, place });
  });
};

/** Returns the sentences of the comments of an environment file, without the commented settings. */
export const sentencesOfEnvironment = (path: string, text: string): readonly Prose[] =>
  sentencesOfMarkdown(path, text.replace(/^#? ?[A-Z_]+=.*$/gm, '').replace(/^# ?/gm, ''));

/** Returns the sentences of the summaries and descriptions of an OpenAPI document that has one member in each line. */
export const sentencesOfOpenApi = (path: string, text: string): readonly Prose[] =>
  text.split('\n').flatMap((line, index) => {
    const value = /^\s*"(?:summary|description)": (".*?"),?$/.exec(line)?.[1];
    if (value === undefined) return [];
    return sentencesOfMarkdown(path, String(JSON.parse(value))).map((sentence) => ({ ...sentence, line: index + 1 }));
  });

/** Returns the sentences of the strings of a source file. A string without a space is a name, and no sentence. */
export const sentencesOfSource = (path: string, source: string): readonly Prose[] => {
  const code = source.replace(/^\s*\/\/.*$/gm, blank).replace(/\/\*[\s\S]*?\*\//g, blank);
  return [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)].flatMap((literal) => {
    const text = (literal[1] ?? literal[2] ?? '').replace(/\$\{[^}]*\}/g, oneWord).replace(/\\(.)/g, '$1');
    return text.includes(' ') ? sentencesOfMarkdown(path, text, lineAt(code, literal.index)) : [];
  });
};

/** Returns how many words a sentence has. A sign alone is none. */
export const wordsOf = (sentence: string): number =>
  sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

/** Returns the sentences of the comments of a source file. A comment of several lines is one text. */
export const sentencesOfComments = (path: string, source: string): readonly Prose[] => {
  const comments = source.matchAll(/\/\*\*?([\s\S]*?)\*\/|(?<=^|[\s;,{}])((?:\/\/[^\n]*\n?[ \t]*)+)/g);
  return [...comments].flatMap((comment) => {
    const text = (comment[1] ?? comment[2] ?? '').replace(/^[ \t]*(?:\*|\/\/)[ \t]?/gm, '');
    return sentencesOfMarkdown(path, text, lineAt(source, comment.index));
  });
};

/** Returns the names of the tests and groups of a test file, without the blanks that a table fills. */
export const namesOfTests = (path: string, source: string): readonly Prose[] =>
  [...source.matchAll(/\b(?:test|describe)\b[^'"`\n]*\(\s*(['`])((?:(?!\1)[^\\\n]|\\.)+)\1\s*,/g)].map((found) => ({
    ...{ path, line: lineAt(source, found.index), place: 'TEXT' as const },
    text: (found[2] ?? '').replaceAll('\\', ''),
  }));
