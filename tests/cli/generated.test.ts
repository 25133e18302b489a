import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clientTypesFile, currentClientTypes } from '../../src/cli/client-types.ts';
import { currentOpenApi } from '../../src/cli/openapi.ts';

test('openapi.json matches the routes (npm run openapi writes it)', () => {
  expect(readFileSync('openapi.json', 'utf8')).toBe(currentOpenApi());
});

test('The client’s types match the routes (npm run openapi writes them)', () => {
  expect(readFileSync(clientTypesFile, 'utf8')).toBe(currentClientTypes());
});

test('The client has only operations that answer with JSON, and its types name optional bodies', () => {
  const types = currentClientTypes();
  expect(types).not.toContain('streamEvents');
  expect(types).toContain('  listEvents: {');
  expect(types).toMatch(/ logOut: \{ body\?: LogOut;/);
  expect(types).toMatch(/ logIn: \{ body: LogIn;/);
  expect(types).toMatch(/ code: ProblemCode \| \(string & \{\}\);/);
});
