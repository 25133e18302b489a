import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Allowed, allowed } from './allowed.ts';
import { circlesOf, faultsOf, importsOf, markdownOf, type Source } from './check.ts';
import { readSources } from './sources.ts';

const table: Readonly<Record<string, Allowed>> = {
  rules: { holds: 'rules', ours: [], packages: [] },
  store: { holds: 'a store', ours: ['rules/time.ts'], packages: ['pg', 'node:*'] },
  'start.ts': { holds: 'the start', ours: 'everything', packages: 'everything' },
};
const plain: readonly Source[] = [
  { path: 'rules/time.ts', text: '' },
  { path: 'rules/license.ts', text: `import { now } from './time.ts';` },
  { path: 'store/pool.ts', text: `import pg from 'pg';\nimport { now } from '../rules/time.ts';` },
  { path: 'start.ts', text: `import express from 'express';\nimport { pool } from './store/pool.ts';` },
];
const faultsWith = (path: string, text: string): readonly string[] => faultsOf([...plain, { path, text }], table);

test('The sources import only what the table allows, without circles', () => {
  const sources = readSources();
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(500);
  expect(faultsOf(sources, allowed)).toEqual([]);
});

test('CONTRIBUTING.md contains the table of imports', () => {
  expect(readFileSync('CONTRIBUTING.md', 'utf8')).toContain(`\n${markdownOf(allowed)}\n`);
});

describe('The check', () => {
  test('accepts the imports that the table lists', () => {
    expect(faultsOf(plain, table)).toEqual([]);
  });

  test.each([
    ['a package that is not listed', `import { z } from 'zod';`, 'zod'],
    ['a module of Node that is not listed', `import { readFile } from 'node:fs/promises';`, 'node:fs/promises'],
    ['a folder that is not listed', `import { pool } from '../store/pool.ts';`, '../store/pool.ts'],
    ['a type of a folder that is not listed', `import type { Pool } from '../store/pool.ts';`, '../store/pool.ts'],
    ['a single type among values', `import { type Pool } from '../store/pool.ts';`, '../store/pool.ts'],
    ['an import over several lines', `import {\n  pool,\n} from '../store/pool.ts';`, '../store/pool.ts'],
    ['an import for its effect', `import '../store/pool.ts';`, '../store/pool.ts'],
    ['an export of what another file has', `export { pool } from '../store/pool.ts';`, '../store/pool.ts'],
    ['an export of all that another file has', `export * from '../store/pool.ts';`, '../store/pool.ts'],
    ['an import at run time', `const { pool } = await import('../store/pool.ts');`, '../store/pool.ts'],
    ['an import of a name that is not written out', 'const all = await import(name);', 'name'],
    ['a type that is imported where it is used', `let db: import('pg').Pool;`, 'pg'],
    [
      'a file outside src',
      `import { startLedger } from '../../tests/support/ledger.ts';`,
      '../../tests/support/ledger.ts',
    ],
  ])('refuses %s', (_, text, name) => {
    expect(faultsWith('rules/offender.ts', text)).toEqual([
      `src/rules/offender.ts may not import ${name}: see the table of tests/imports/allowed.ts.`,
    ]);
  });

  test('refuses other files of a folder when only one file of it is listed', () => {
    expect(faultsWith('store/offender.ts', `import { rule } from '../rules/license.ts';`)).toHaveLength(1);
    expect(faultsWith('store/reader.ts', `import { now } from '../rules/time.ts';`)).toEqual([]);
  });

  test('keeps another package apart: it imports its own files only, and no file of src imports it', () => {
    const client = '../packages/client/src';
    const withClient = { ...table, [client]: { holds: 'a client', ours: [], packages: [] } };
    const inClient = (text: string) => [
      ...plain,
      { path: `${client}/send.ts`, text: '' },
      { path: `${client}/call.ts`, text },
    ];
    expect(faultsOf(inClient(`import { send } from './send.ts';`), withClient)).toEqual([]);
    for (const name of ['../../../src/rules/time.ts', 'pg']) {
      expect(faultsOf(inClient(`import { time } from '${name}';`), withClient)).toEqual([
        `packages/client/src/call.ts may not import ${name}: see the table of tests/imports/allowed.ts.`,
      ]);
    }
    const user = { path: 'store/user.ts', text: `import { send } from '../../packages/client/src/send.ts';` };
    expect(faultsOf([...inClient(''), user], withClient)).toHaveLength(1);
  });

  test('refuses a folder that is not in the table, and an entry of the table without files', () => {
    expect(faultsWith('helpers/all.ts', '')).toEqual([
      'src/helpers/all.ts: helpers is not in the table of tests/imports/allowed.ts.',
    ]);
    expect(faultsOf(plain.slice(0, 3), table)).toEqual([
      'src/start.ts is in the table of tests/imports/allowed.ts and has no file.',
    ]);
  });

  test('refuses a circle, also of types alone', () => {
    const circle = [
      { path: 'rules/a.ts', text: `import type { B } from './b.ts';` },
      { path: 'rules/b.ts', text: `import { c } from './c.ts';` },
      { path: 'rules/c.ts', text: `import type { A } from './a.ts';` },
    ];
    expect(circlesOf([...plain, ...circle])).toEqual([['rules/a.ts', 'rules/b.ts', 'rules/c.ts']]);
    expect(faultsOf([...plain, ...circle], table)).toEqual([
      'These files import each other in a circle: src/rules/a.ts, src/rules/b.ts, src/rules/c.ts.',
    ]);
  });

  test('ignores imports in comments and texts', () => {
    expect(importsOf(`// import { z } from 'zod';\n/* import 'pg'; */\nconst line = "import 'pg';";`)).toEqual([]);
  });
});
