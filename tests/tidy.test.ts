import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { declarationsOf } from './declarations.ts';
import { longestFiles } from './support/longest-files.ts';

const filesBelow = (folder: string, suffix: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(suffix))
    .map((path) => ({ path: `${folder}/${path}`, text: readFileSync(`${folder}/${path}`, 'utf8') }));
const sources = [...filesBelow('src', '.ts'), ...filesBelow('packages/client/src', '.ts')].filter(
  ({ path }) => !path.includes('/generated/'),
);
const tests = filesBelow('tests', '.ts');
const benches = filesBelow('bench', '.ts');
const statements = filesBelow('db', '.sql');
const offenders = (files: typeof sources, breaks: (file: { path: string; text: string }) => boolean) =>
  files.filter(breaks).map(({ path }) => path);

const declared = sources.map(({ path, text }) => ({ path, ...declarationsOf(text) }));

const countsOf = (names: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

const operation = 'the route, and the operation that it calls';
const table = 'the routes of a kind of object, and the table of their read model';
const command = 'the CLI command, and the work that it starts';
const perAggregate = 'one for each aggregate';
const perSubject = 'one for each subject of the API';

/** Names that several files of src have, each with the reason. */
const sharedNames: Readonly<Record<string, string>> = {
  'accept-invitation.ts': operation,
  'acquire-lease.ts': operation,
  'api-keys.ts': table,
  'change-maintenance.ts': operation,
  'change-policy.ts': operation,
  'commands.ts': perAggregate,
  'decider.ts': perAggregate,
  'events.ts': perAggregate,
  'invitations.ts': table,
  'log-in.ts': operation,
  'main.ts': 'the start of a process',
  'organizations.ts': table,
  'parked.ts': command,
  'policies.ts': table,
  'products.ts': table,
  'projects.ts': table,
  'read-usage.ts': operation,
  'rebuild.ts': command,
  'record-usage.ts': operation,
  'release-activation.ts': operation,
  'releases.ts': table,
  'renew-lease.ts': operation,
  'repair-chain.ts': command,
  'reset-usage.ts': operation,
  'rotate-key.ts': operation,
  'routes.ts': perSubject,
  'sessions.ts': 'the routes of sessions, and their rows',
  'users.ts': 'the routes of users, and their rows',
  'sign-up.ts': operation,
  'subscribe.ts': 'the client and the server of a subscription to the log',
  'verify.ts': command,
};

test('The checks find files', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(tests.length).toBeGreaterThan(20);
  expect(statements.length).toBeGreaterThan(5);
  expect(benches).not.toEqual([]);
});

test('A file has at most 300 lines', () => {
  const tooLong = ({ text }: { text: string }) => text.trimEnd().split('\n').length > 300;
  const long = offenders([...sources, ...tests, ...benches, ...statements], tooLong);
  expect(long).toEqual([]);
});

// It has modules of ECMAScript, so its names survive the bundler.
const loadedLater = ['re2js'];

test('No file loads a package later, because the bundler gives it no names: it loads a file that imports the package', () => {
  const loaded = sources.flatMap(({ text }) => [...text.matchAll(/await import\('([^.'][^']*)'\)/g)]);
  const packages = loaded.map(([, name = '']) => name).filter((name) => !name.startsWith('node:'));
  expect(packages.filter((name) => !loadedLater.includes(name))).toEqual([]);
});

test('The files of tests that start first exist, and each is named once', () => {
  expect(longestFiles.length).toBeGreaterThan(20);
  expect(longestFiles.filter((path) => !existsSync(path))).toEqual([]);
  expect(new Set(longestFiles).size).toBe(longestFiles.length);
});

test('A folder of src has at most 25 files', () => {
  const counts = countsOf(sources.map(({ path }) => dirname(path)));
  expect([...counts].filter(([, count]) => count > 25).map(([folder]) => folder)).toEqual([]);
});

test('A function of src has at most four parameters', () => {
  const tooMany = declared.flatMap(({ path, functions }) =>
    functions.filter(({ parameters }) => parameters > 4).map(({ line }) => `${path}:${line}`),
  );
  expect(tooMany).toEqual([]);
});

test('A value of src is called what it is', () => {
  const vague = new Set(['look', 'wanted', 'asked', 'made', 'shown', 'held', 'given', 'found', 'each']);
  const vaguelyNamed = declared.flatMap(({ path, names }) =>
    names.filter(({ name }) => vague.has(name)).map(({ name, line }) => `${path}:${line} ${name}`),
  );
  expect(vaguelyNamed).toEqual([]);
});

test('Two files of src have the same name only when they mean the same in different places', () => {
  const counts = countsOf(sources.map(({ path }) => basename(path)));
  const repeated = [...counts].filter(([, count]) => count > 1).map(([name]) => name);
  expect(repeated.filter((name) => !(name in sharedNames)).sort()).toEqual([]);
  expect(Object.keys(sharedNames).filter((name) => !repeated.includes(name))).toEqual([]);
});

test('A list in a map grows in place, because a copy for each entry takes quadratic time', () => {
  const copies = /\[\.\.\.\([\w.]+\.get\([^)]*\) \?\? \[\]\)/;
  expect('map.set(id, [...(map.get(id) ?? []), item])').toMatch(copies);
  expect(offenders([...sources, ...filesBelow('src', '.tsx')], ({ text }) => copies.test(text))).toEqual([]);
});

test('The domain receives time and chance as arguments', () => {
  const impure = /new Date\(\)|Date\.now|Math\.random|randomUUID|performance\.now/;
  expect(offenders(sources, ({ path, text }) => path.startsWith('src/domain/') && impure.test(text))).toEqual([]);
});

test('Every connection to Postgres has a listener, without which its loss would end the process', () => {
  const countOf = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const clients = sources.filter(({ text }) => /new (?:pg\.)?Client\(/.test(text));
  expect(clients.length).toBeGreaterThan(10);
  const deaf = clients.filter(({ text }) => countOf(text, /\.on\('error'/g) < countOf(text, /new (?:pg\.)?Client\(/g));
  expect(deaf.map(({ path }) => path)).toEqual([]);
});

test('Only config.ts reads the environment', () => {
  expect(offenders(sources, ({ path, text }) => path !== 'src/config.ts' && text.includes('process.env'))).toEqual([]);
});

test('Only src/eventstore imports the event store’s client', () => {
  const importers = offenders(sources, ({ text }) => /from '@eventstore\/db-client'/.test(text));
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((path) => !path.startsWith('src/eventstore/'))).toEqual([]);
});

test.each([
  ['jsonwebtoken', 'src/identity/access-token.ts'],
  ['argon2', 'src/identity/passwords.ts'],
  ['nodemailer', 'src/mail/smtp.ts'],
])('Only one file imports %s, because it is easy to use wrongly', (name, file) => {
  expect(offenders(sources, ({ text }) => text.includes(`from '${name}'`))).toEqual([file]);
});

test('No test is skipped', () => {
  const skipped = /\b(?:test|it|describe)\.(?:skip|only|todo|fails)\b/;
  expect(offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && skipped.test(text))).toEqual([]);
});

test('No test waits for time to pass instead of a condition', () => {
  // These files check a condition again after a pause, or wait for a random time before they kill or send.
  const mayPause = [
    'tests/api/read-your-writes.test.ts',
    'tests/e2e/crash.test.ts',
    'tests/e2e/load.ts',
    'tests/e2e/postgres-kills.test.ts',
    'tests/e2e/store-faults.test.ts',
    'tests/e2e/upgrade.test.ts',
    'tests/notary/kills.test.ts',
    'tests/projections/kills.test.ts',
    'tests/support/product.ts',
  ];
  const pauses = /\b(?:delay|sleep|setTimeout)\(/;
  const pausing = offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && pauses.test(text));
  expect(pausing.sort()).toEqual(mayPause);
});

test('A test that shares Postgres with others looks only at the sessions of its own database', () => {
  const withOwnServer = ['tests/e2e/sessions.test.ts'];
  const looksAtAll = /from pg_stat_activity(?![^`]*current_database\(\))/;
  const looking = offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && looksAtAll.test(text));
  expect(looking).toEqual(withOwnServer);
});

test('A test that waits for what sessions do leaves out the vacuums that Postgres begins by itself', () => {
  const seesVacuums =
    /from pg_stat_activity(?=[^`]*(?:state|wait_event_type) =)(?![^`]*(?:usename =|application_name =|backend_type =|query like))/;
  const seeing = offenders(tests, ({ path, text }) => path !== 'tests/tidy.test.ts' && seesVacuums.test(text));
  expect(seeing).toEqual([]);
});

test('No installed package reports installations to a third party', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('@scarf/');
});

test('Every table of a tenant has row-level security', () => {
  const withoutPolicy = ({ text }: { text: string }) =>
    /create table/i.test(text) && /issuer_org_id/.test(text) && !/force row level security/i.test(text);
  expect(offenders(statements, withoutPolicy)).toEqual([]);
});

/** Returns the anchors of the headings of a page. */
const anchorsOf = (page: string): readonly string[] =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

test('Every relative link of the documentation leads to a file, and to a heading when it names one', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'examples/README.md',
    'packages/client/README.md',
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
