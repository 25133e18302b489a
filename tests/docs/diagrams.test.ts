import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { licenseEventTypes } from '../../src/aggregates/codec-license.ts';
import { effectiveStatuses } from '../../src/domain/license/status.ts';
import { roles } from '../../src/domain/organization/events.ts';

const documents = [
  'README.md',
  'SECURITY.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];
const diagrams = documents.flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/^```mermaid\n(.*?)^```$/gms)].map(([, text = ''], index) => ({
    name: `${path}, diagram ${index + 1}`,
    path,
    text,
  })),
);
const countOf = (text: string, part: RegExp): number => [...text.matchAll(part)].length;

test.each(diagrams)('The $name is of a known kind and closes what it opens', ({ text }) => {
  expect(text).toMatch(/^(?:flowchart (?:LR|TD)|sequenceDiagram|stateDiagram-v2)\n/);
  const outsideTexts = text.replaceAll(/"[^"\n]*"/g, '');
  expect(outsideTexts).not.toContain('"');
  for (const [open, close] of ['()', '[]', '{}'].map((pair) => [...pair]))
    expect(outsideTexts.split(open ?? '').length, open).toBe(outsideTexts.split(close ?? '').length);
  expect(countOf(text, /^\s*(?:subgraph|loop|alt|opt|par)\b/gm)).toBe(countOf(text, /^\s*end$/gm));
});

test.each(diagrams)('The events in $name exist', ({ text }) => {
  const known = new Set<string>(licenseEventTypes());
  const named = [...text.matchAll(/\b(?:License|Activation|Lease|Usage|Tier|Trial)[A-Z]\w+/g)].map(([name]) => name);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('The picture of statuses has each status of a license', () => {
  const [picture] = diagrams.filter(({ path, text }) => path === 'docs/concepts.md' && text.startsWith('stateDiagram'));
  const named = new Set([...(picture?.text ?? '').matchAll(/\b[A-Z]+(?:_[A-Z]+)*\b/g)].map(([name]) => name));
  expect([...named].toSorted()).toEqual([...effectiveStatuses].toSorted());
});

test('The picture of roles names each role', () => {
  const [picture] = diagrams.filter(({ path }) => path === 'docs/api/roles.md');
  expect(roles.filter((role) => !picture?.text.includes(role))).toEqual([]);
});
