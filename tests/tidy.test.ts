import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const filesBelow = (folder: string, suffix: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(suffix))
    .map((path) => ({ path: `${folder}/${path}`, text: readFileSync(`${folder}/${path}`, 'utf8') }));
const sources = filesBelow('src', '.ts').filter(({ path }) => !path.includes('/generated/'));
const tests = filesBelow('tests', '.ts');
const benches = filesBelow('bench', '.ts');
const statements = filesBelow('db', '.sql');
const offenders = (files: typeof sources, breaks: (file: { path: string; text: string }) => boolean) =>
  files.filter(breaks).map(({ path }) => path);

test('there is something to check', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(tests.length).toBeGreaterThan(20);
  expect(statements.length).toBeGreaterThan(5);
  expect(benches).not.toEqual([]);
});

test('a file fits in a reader’s head', () => {
  const tooLong = ({ text }: { text: string }) => text.split('\n').length > 300;
  expect(offenders([...sources, ...benches, ...statements], tooLong)).toEqual([]);
});

test('the domain receives time and chance as arguments', () => {
  const impure = /new Date\(\)|Date\.now|Math\.random|randomUUID|performance\.now/;
  expect(offenders(sources, ({ path, text }) => path.startsWith('src/domain/') && impure.test(text))).toEqual([]);
});

test('the domain imports nothing but itself', () => {
  const imports = /from '(?!\.)/;
  expect(offenders(sources, ({ path, text }) => path.startsWith('src/domain/') && imports.test(text))).toEqual([]);
});

test('only config.ts reads the environment', () => {
  expect(offenders(sources, ({ path, text }) => path !== 'src/config.ts' && text.includes('process.env'))).toEqual([]);
});

test('only the adapter, the subscription and the log reader import the event store’s client', () => {
  const importers = offenders(sources, ({ text }) => /from '@eventstore\/db-client'/.test(text));
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((path) => !path.startsWith('src/eventstore/'))).toEqual([]);
});

test.each([
  ['jsonwebtoken', 'src/identity/access-token.ts'],
  ['argon2', 'src/identity/passwords.ts'],
])('%s, which is easily used wrongly, is imported by one file', (name, file) => {
  expect(offenders(sources, ({ text }) => text.includes(`from '${name}'`))).toEqual([file]);
});

test('no test waits for time to pass instead of a condition, or is left out', () => {
  const left = /\b(?:test|it|describe)\.(?:skip|only|todo|fails)\b/;
  expect(offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && left.test(text))).toEqual([]);
});

test('every database object of a tenant states who may read it', () => {
  const withoutPolicy = ({ text }: { text: string }) =>
    /create table/i.test(text) && /issuer_org_id/.test(text) && !/force row level security/i.test(text);
  expect(offenders(statements, withoutPolicy)).toEqual([]);
});

test('every relative link of the documentation leads somewhere', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...filesBelow('docs', '.md').map(({ path }) => path),
  ];
  const broken = documents.flatMap((document) => {
    const folder = document.includes('/') ? document.slice(0, document.lastIndexOf('/') + 1) : '';
    const links = [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)];
    return links.map(([, link]) => `${folder}${link}`).filter((path) => !existsSync(path));
  });
  expect(broken).toEqual([]);
});
