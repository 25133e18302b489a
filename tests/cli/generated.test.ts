import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { currentOpenApi } from '../../src/cli/openapi.ts';

test('openapi.json is what the routes say (npm run openapi writes it)', () => {
  expect(readFileSync('openapi.json', 'utf8')).toBe(currentOpenApi());
});
