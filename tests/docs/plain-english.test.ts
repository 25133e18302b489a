import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  type Prose,
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
  ...filesBelow('docs', '.md'),
];
const sources = ['src/main.ts', ...filesBelow('src/api/problems', '.ts')];
const read = (path: string) => readFileSync(path, 'utf8');

const ofPages = pages.flatMap((path) => sentencesOfMarkdown(path, read(path)));
const ofOpenApi = sentencesOfOpenApi('openapi.json', read('openapi.json'));
const ofEnvironment = sentencesOfEnvironment('.env.example', read('.env.example'));
const ofSources = sources.flatMap((path) => sentencesOfSource(path, read(path)));
const sentences = [...ofPages, ...ofOpenApi, ...ofEnvironment, ...ofSources];

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

/** Sentences that need a word that the list above forbids, by a part of them, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {};

const isAllowed = ({ text }: Prose) => Object.keys(exceptions).some((part) => text.includes(part));

test('The rules of plain English find the text that people read', () => {
  expect(ofPages.length).toBeGreaterThan(5000);
  expect(ofOpenApi.length).toBeGreaterThan(2000);
  expect(ofEnvironment.length).toBeGreaterThan(50);
  expect(ofSources.length).toBeGreaterThan(100);
  for (const path of pages) expect(ofPages.some((sentence) => sentence.path === path)).toBe(true);
});

// The goal for new text is 20 words at most. The test holds only the worst sentences.
test('A sentence has at most 30 words', () => {
  const long = sentences.filter(({ text }) => wordsOf(text) > 30);
  expect(long.map((sentence) => `${shown(sentence)} (${wordsOf(sentence.text)} words)`)).toEqual([]);
});

test.each(unplain)('No sentence has %s, but %s', (word) => {
  const found = sentences.filter((sentence) => word.test(sentence.text) && !isAllowed(sentence));
  expect(found.map(shown)).toEqual([]);
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
  expect(sentences.filter(({ text }) => /!(?:\s|$)/.test(text)).map(shown)).toEqual([]);
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

test('An exception to plain English has a sentence', () => {
  const unused = Object.keys(exceptions).filter((part) => !sentences.some(({ text }) => text.includes(part)));
  expect(unused).toEqual([]);
});
