import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

test('no test is left out', () => {
  const left = /\b(?:test|it|describe)\.(?:skip|only|todo|fails)\b/;
  expect(offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && left.test(text))).toEqual([]);
});

test('no test waits for time to pass instead of a condition', () => {
  // Those look again after a pause until a condition holds, or wait for a random time until they kill or send.
  const mayPause = [
    'tests/api/read-your-writes.test.ts',
    'tests/e2e/crash.test.ts',
    'tests/e2e/load.ts',
    'tests/e2e/postgres-kills.test.ts',
    'tests/e2e/upgrade.test.ts',
    'tests/projections/kills.test.ts',
    'tests/support/product.ts',
  ];
  const pauses = /\b(?:delay|sleep|setTimeout)\(/;
  const pausing = offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && pauses.test(text));
  expect(pausing.sort()).toEqual(mayPause);
});

test('every database object of a tenant states who may read it', () => {
  const withoutPolicy = ({ text }: { text: string }) =>
    /create table/i.test(text) && /issuer_org_id/.test(text) && !/force row level security/i.test(text);
  expect(offenders(statements, withoutPolicy)).toEqual([]);
});

/** The headings of a page, as links name them. */
const anchorsOf = (page: string): readonly string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

test('every relative link of the documentation leads somewhere, to a heading where it names one', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'examples/README.md',
    ...filesBelow('docs', '.md').map(({ path }) => path),
  ];
  const links = documents.flatMap((document) =>
    [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)/g)].map(
      ([link, path = '', anchor]) => ({ link, anchor, target: path === '' ? document : join(dirname(document), path) }),
    ),
  );
  const isBroken = ({ target, anchor }: (typeof links)[number]): boolean =>
    !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  expect(links.length).toBeGreaterThan(50);
  expect(links.some(({ anchor }) => anchor !== undefined)).toBe(true);
  expect(links.filter(isBroken)).toEqual([]);
});
