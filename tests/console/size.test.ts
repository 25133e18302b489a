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

/** The verifier of files, which also folds licenses again. A browser loads it when somebody checks a file. */
const isVerifier = (name: string): boolean => /^(?:verify-files|check-pack)-.*\.js$/.test(name);
const verifierMax = 100_000;

test('The whole console stays within 250 kB, and its verifier of files within 100 kB', () => {
  const names = readdirSync(path.join(folder, 'assets'));
  expect(names.length).toBeGreaterThan(20);
  const pathsOf = (chosen: readonly string[]) => chosen.map((name) => path.join('assets', name));
  expect(sizeOfAll(['index.html', ...pathsOf(names.filter((name) => !isVerifier(name)))])).toBeLessThan(sizeMax);
  expect(names.filter(isVerifier)).toHaveLength(2);
  expect(sizeOfAll(pathsOf(names.filter(isVerifier)))).toBeLessThan(verifierMax);
});

test('A browser shows the first screen after 150 kB', () => {
  const page = readFileSync(path.join(folder, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/console\/(assets\/[^"]+)"/g)].map(([, name]) => String(name));
  expect(named.some((name) => name.endsWith('.js'))).toBe(true);
  const [signIn, ...others] = readdirSync(path.join(folder, 'assets')).filter((name) => /^sign-in-.*\.js$/.test(name));
  expect(others).toEqual([]);
  expect(sizeOfAll(['index.html', ...named, path.join('assets', String(signIn))])).toBeLessThan(firstScreenMax);
});
