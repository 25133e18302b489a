import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { differences } from '../support/pages.ts';

const pages = [
  'SECURITY.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('decisions/'))
    .map((path) => `docs/${path}`),
];

test.each(pages)('%s begins with its purpose and ends with the next step', (path) => {
  const page = readFileSync(path, 'utf8');
  expect(page).toMatch(/^# .+\n\n[\p{Lu}`][^\n]+/u);
  const last = page.split('\n## ').at(-1) ?? '';
  expect(last).toMatch(/^Next step\n/);
  expect(last).toMatch(/\]\([^)]+\)/);
});

test('Each guide is in the list of guides, and each page of the API in that of the API', () => {
  for (const folder of ['docs/guides', 'docs/api']) {
    const list = readFileSync(`${folder}/README.md`, 'utf8');
    const missing = readdirSync(folder).filter((file) => file !== 'README.md' && !list.includes(`](${file})`));
    expect(missing, folder).toEqual([]);
  }
});

test('The figures of the guide for operators are in the benchmarks', () => {
  const guide = readFileSync('docs/guides/operator.md', 'utf8');
  const benchmarks = readFileSync('docs/benchmarks.md', 'utf8');
  const [, table = ''] = guide.split('\n| measured | figure |\n');
  const rows = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| .+ \| (.+) \((P\d+)\) \|$/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [row, figures = '', id] of rows) {
    const measured = benchmarks.split('\n').filter((line) => line.startsWith(`| ${id} |`));
    const missing = [...figures.matchAll(/\d(?:[\d,.]*\d)?/g)].filter(
      ([figure]) => !measured.some((line) => line.includes(figure)),
    );
    expect(missing, row).toEqual([]);
  }
});

test('A difference between a page and an answer is found', () => {
  const claim = { id: 'evt_…', code: 'VALID', list: [1, 2] };
  expect(differences(claim, { id: 'evt_1', code: 'VALID', list: [1, 2], more: true })).toEqual([]);
  expect(differences(claim, { id: 'lic_1', code: 'VALID', list: [1, 2] })).toEqual(['/id: "lic_1"']);
  expect(differences(claim, { id: 'evt_1', code: 'EXPIRED', list: [1, 2] })).toEqual(['/code: "EXPIRED"']);
  expect(differences(claim, { id: 'evt_1', list: [1] })).toEqual(['/code: undefined', '/list: [1]']);
});
