import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { buildConsole } from './in-browser.ts';

const folder = path.join('dist', 'console');
const sizeMax = 250_000;
const firstScreenMax = 150_000;

beforeAll(() => buildConsole(), 240_000);

/** Returns how many bytes a file of the console has in gzip. */
const sizeOf = (file: string): number => gzipSync(readFileSync(path.join(folder, file)), { level: 9 }).length;
const sizeOfAll = (files: readonly string[]): number => files.reduce((sum, file) => sum + sizeOf(file), 0);

test('The whole console stays within 250 kB', () => {
  const assets = readdirSync(path.join(folder, 'assets')).map((name) => path.join('assets', name));
  expect(assets.length).toBeGreaterThan(20);
  expect(sizeOfAll(['index.html', ...assets])).toBeLessThan(sizeMax);
});

test('A browser shows the first screen after 150 kB', () => {
  const page = readFileSync(path.join(folder, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/console\/(assets\/[^"]+)"/g)].map(([, name]) => String(name));
  expect(named.some((name) => name.endsWith('.js'))).toBe(true);
  const [signIn, ...others] = readdirSync(path.join(folder, 'assets')).filter((name) => /^sign-in-.*\.js$/.test(name));
  expect(others).toEqual([]);
  expect(sizeOfAll(['index.html', ...named, path.join('assets', String(signIn))])).toBeLessThan(firstScreenMax);
});
