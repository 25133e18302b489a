import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  namesOfTests,
  type Prose,
  sentencesOfComments,
  sentencesOfEnvironment,
  sentencesOfMarkdown,
  sentencesOfOpenApi,
  sentencesOfSource,
  wordsOf,
} from '../support/prose.ts';

const filesBelow = (folder: string, suffix: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(suffix))
    .map((path) => `${folder}/${path}`);

const pages = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'examples/README.md',
  'packages/client/README.md',
  ...filesBelow('docs', '.md'),
];
const sources = [...filesBelow('src/cli/program', '.ts'), ...filesBelow('src/api/problems', '.ts')];
const read = (path: string) => readFileSync(path, 'utf8');

const ofPages = pages.flatMap((path) => sentencesOfMarkdown(path, read(path)));
const ofOpenApi = sentencesOfOpenApi('openapi.json', read('openapi.json'));
const ofEnvironment = sentencesOfEnvironment('.env.example', read('.env.example'));
const ofSources = sources.flatMap((path) => sentencesOfSource(path, read(path)));
const sentences = [...ofPages, ...ofOpenApi, ...ofEnvironment, ...ofSources];

/** Returns true for a text in SQL. */
const isQuery = (text: string): boolean => /\b(?:select|update|insert into|delete from|join|where)\b/.test(text);

const code = [...filesBelow('src', '.ts'), ...filesBelow('packages/client/src', '.ts')];
const testFiles = filesBelow('tests', '.ts');
const ofComments = code.flatMap((path) => sentencesOfComments(path, read(path)));
const ofMessages = code.flatMap((path) => sentencesOfSource(path, read(path))).filter(({ text }) => !isQuery(text));
const ofTestNames = testFiles.flatMap((path) => namesOfTests(path, read(path)));
const ofCode = [...ofComments, ...ofMessages, ...ofTestNames];

const shown = ({ path, line, text }: Prose) => `${path}:${line} ${text}`;

// Each word, and what to write instead.
const unplain: readonly (readonly [RegExp, string])[] = [
  [/\bwhoever\b/i, 'the user who, each caller that'],
  [/\bwhose\b/i, 'a sentence of its own'],
  [/\bbeside\b/i, 'in addition to, next to'],
  [/\bno more\b(?! than\b)/i, 'no longer, no further'],
  [/\bnot\b.*\bany more\b/i, 'no longer'],
  [/\bsurely\b/i, 'retry, reconnect'],
  [/\bdoorbell\b/i, 'commit notifier'],
  [/\bonce more\b/i, 'again, retry'],
  [/\bof which\b/i, 'a sentence of its own'],
  [/\bwhat is none\b/i, 'invalid, malformed'],
  [/\blook(?:s|ed|ing)? at\b/i, 'read, check'],
];

// Comments, messages of the program and names of tests do not hold these rules yet: at most 20 words, no "whose", no
// "no more", no "Null:", and no start with Of or What.
const notInCode: ReadonlySet<string> = new Set([String(/\bwhose\b/i), String(/\bno more\b(?! than\b)/i)]);

test.each(unplain.filter(([word]) => !notInCode.has(String(word))))(
  'No comment, message of the program and name of a test has %s, but %s',
  (word) => {
    expect(ofCode.filter(({ text }) => word.test(text)).map(shown)).toEqual([]);
  },
);

test('No comment, message of the program and name of a test ends with an exclamation mark', () => {
  expect([...ofComments, ...ofTestNames].filter(({ text }) => /\p{L}!(?:\s|$)/u.test(text)).map(shown)).toEqual([]);
});

test('A sentence of a comment, a message of the program and the name of a test have at most 30 words', () => {
  // Styles and scripts of pages are texts, too.
  const isScript = ({ text }: Prose) => /=>|[{}]/.test(text);
  expect(ofCode.filter((sentence) => wordsOf(sentence.text) > 30 && !isScript(sentence)).map(shown)).toEqual([]);
});

test('The rules of plain English find the text that people read', () => {
  expect(ofComments.length).toBeGreaterThan(8000);
  expect(ofMessages.length).toBeGreaterThan(3000);
  expect(ofTestNames.length).toBeGreaterThan(3000);
  expect(ofPages.length).toBeGreaterThan(5000);
  expect(ofOpenApi.length).toBeGreaterThan(2000);
  expect(ofEnvironment.length).toBeGreaterThan(50);
  expect(ofSources.length).toBeGreaterThan(100);
  for (const path of pages) expect(ofPages.some((sentence) => sentence.path === path)).toBe(true);
});

/** Newcomers read these pages first. */
const firstPages = ['README.md', 'docs/getting-started.md', 'docs/concepts.md', 'docs/why.md'];

test('A sentence of the first pages has at most 20 words', () => {
  const long = ofPages.filter(({ path, text }) => firstPages.includes(path) && wordsOf(text) > 20);
  expect(long.map(shown)).toEqual([]);
});

// The goal for new text is 20 words at most. Elsewhere the test holds only the worst sentences.
test('A sentence has at most 30 words', () => {
  const long = sentences.filter(({ text }) => wordsOf(text) > 30);
  expect(long.map((sentence) => `${shown(sentence)} (${wordsOf(sentence.text)} words)`)).toEqual([]);
});

test.each(unplain)('No sentence has %s, but %s', (word) => {
  expect(sentences.filter(({ text }) => word.test(text)).map(shown)).toEqual([]);
});

// A heading names its subject, and a table may list questions. Any other sentence starts with its subject.
test('No sentence starts with Of or What', () => {
  const isQuestion = ({ text, place }: Prose) => place === 'HEADING' || (place === 'CELL' && text.endsWith('?'));
  const turned = sentences.filter((sentence) => /^[^\p{L}]*(?:Of|What) /u.test(sentence.text) && !isQuestion(sentence));
  expect(turned.map(shown)).toEqual([]);
});

test('A description of the API says when a member is null in a sentence', () => {
  expect(ofOpenApi.filter(({ text }) => /\bNull:/.test(text)).map(shown)).toEqual([]);
});

test('No sentence ends with an exclamation mark', () => {
  expect(sentences.filter(({ text }) => /[\p{L}\p{N})]!(?:\s|$)/u.test(text)).map(shown)).toEqual([]);
});

test('A line of prose has at most 160 columns', () => {
  const long = pages.flatMap((path) => {
    const text = read(path).replace(/^ *```[\s\S]*?^ *```/gm, (code) => code.replace(/[^\n]/g, ''));
    return text.split('\n').flatMap((line, index) => {
      const isTable = /^\s*\|/.test(line);
      return line.length > 160 && !isTable ? [`${path}:${index + 1} ${line}`] : [];
    });
  });
  expect(long).toEqual([]);
});

test('A page has its sentences by line, without code', () => {
  const page = [
    '# Of a heading',
    'One `a. B` sentence. See [the',
    'page](a.md#of): it has e-mail. next one',
    '',
    '```sh',
    'whose code',
    '```',
    '| What is it? | a cell |',
    '- an item',
  ];
  expect(sentencesOfMarkdown('a.md', page.join('\n')).map(({ line, text, place }) => [line, text, place])).toEqual([
    [1, '# Of a heading', 'HEADING'],
    [2, 'One XXXXXX sentence.', 'TEXT'],
    [2, 'See [the page] : it has e-mail.', 'TEXT'],
    [3, 'next one', 'TEXT'],
    [8, 'What is it?', 'CELL'],
    [8, 'a cell', 'CELL'],
    [9, '- an item', 'TEXT'],
  ]);
  expect(wordsOf('- See [the page] : it has e-mail.')).toBe(6);
});

test('Strings of the source and descriptions of the API are sentences with their lines', () => {
  const source = `// 'a comment, no text'\nconst a = 'name';\nconst b = \`Whose \${a} is it? Say so.\`;\n`;
  expect(sentencesOfSource('a.ts', source).map(shown)).toEqual(['a.ts:3 Whose XXXX is it?', 'a.ts:3 Say so.']);
  const document = '{\n  "description": "Null: none. Wait.",\n  "name": "not this"\n}';
  expect(sentencesOfOpenApi('a.json', document).map(shown)).toEqual(['a.json:2 Null: none.', 'a.json:2 Wait.']);
  const commented = `/** Whose it is. */\nconst a = 'http://x'; // Why so.\n// And\n// on.\n`;
  expect(sentencesOfComments('a.ts', commented).map(({ text }) => text)).toEqual([
    'Whose it is.',
    'Why so.',
    'And on.',
  ]);
  const named = `describe('A group', () => {\n  test.each([1])('is %s', () => {});\n  test(\`B\`, () => {});\n`;
  expect(namesOfTests('a.test.ts', named).map(shown)).toEqual([
    'a.test.ts:1 A group',
    'a.test.ts:2 is %s',
    'a.test.ts:3 B',
  ]);
  const settings = '# Port of it. 0 takes any.\n# PORT=8080\n';
  expect(sentencesOfEnvironment('.env', settings).map(shown)).toEqual(['.env:1 Port of it.', '.env:1 0 takes any.']);
});
