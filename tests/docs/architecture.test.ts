import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const page = readFileSync('docs/architecture.md', 'utf8');

/** Returns the cells of the rows below a heading, without head rows. */
const rowsBelow = (heading: string): readonly (readonly string[])[] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((line) => line.split('|').slice(1, -1));
};

const quotedIn = (cell = ''): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

const exportedBy = (path: string): readonly string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^export (?:const|class|(?:async )?function) (\w+)/gm)].map(
    ([, name = '']) => name,
  );

/** Returns the files that a file imports code from. */
const codeImportedBy = (path: string): readonly string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^import (?!type )[^;]*? from '(\.[^']+)';/gms)]
    .filter(([statement]) => !/^import \{(?:\s*type \w+,?)+\s*\} from/.test(statement))
    .map(([, from = '']) => join(dirname(path), from));

const decisions = rowsBelow('Where it is decided').filter(([, files]) => (files ?? '').trim() !== '');
const walks = rowsBelow('Walks').map(([name = '', files]) => [name.trim(), quotedIn(files)] as const);

test('The map answers at least sixty questions, each with one or two files', () => {
  expect(decisions.length).toBeGreaterThanOrEqual(60);
  const counts = decisions.map(([, files]) => quotedIn(files).length);
  expect(counts.filter((count) => count < 1 || count > 2)).toEqual([]);
});

test.each(decisions)('The map names existing files and functions:%s', (_question, files, functions) => {
  const paths = quotedIn(files);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  const exported = paths.filter((path) => path.endsWith('.ts')).flatMap(exportedBy);
  expect(quotedIn(functions)).not.toEqual([]);
  expect(quotedIn(functions).filter((name) => !exported.includes(name))).toEqual([]);
});

test('The page has the walks that a newcomer needs', () => {
  const names = walks.map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(['issue', 'validate', 'event to row', 'expiry', 'login']));
});

test.each(walks)('The walk "%s" crosses at most twelve files and returns to none', (_name, files) => {
  expect(files.length).toBeGreaterThan(1);
  expect(files.length).toBeLessThanOrEqual(12);
  expect(new Set(files).size).toBe(files.length);
  expect(files.filter((path) => !existsSync(path))).toEqual([]);
  const returns = files
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => {
      const before = files.slice(0, files.indexOf(path));
      return codeImportedBy(path)
        .filter((imported) => before.includes(imported))
        .map((imported) => `${path} imports ${imported}`);
    });
  expect(returns).toEqual([]);
});
