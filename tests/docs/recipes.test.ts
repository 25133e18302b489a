import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('Every file in a recipe of CONTRIBUTING.md exists', () => {
  const recipes = /^## Recipes$(.*?)^## /ms.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1] ?? '';
  const paths = [...recipes.matchAll(/`((?:src|tests|db|docs)\/[^`]+|\.env\.example)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});
