import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ensureSecret, readSecrets } from '../../src/embedded/stored-secrets.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('A secret is created once and does not change', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'new');
  expect(await readSecrets(dataDir)).toEqual({});
  expect(await ensureSecret(dataDir, 'LEDGER_SECRET', () => 'one')).toBe('one');
  expect(await ensureSecret(dataDir, 'LEDGER_SECRET', () => 'two')).toBe('one');
  expect(await readSecrets(dataDir)).toEqual({ LEDGER_SECRET: 'one' });
});

test('Only its owner can read the file of secrets, and no temporary copy is left', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'new');
  await ensureSecret(dataDir, 'a', () => 'one');
  expect(statSync(path.join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(readdirSync(dataDir)).toEqual(['locks', 'secrets.json']);
});

test('Concurrent calls store all secrets, and one secret for each name', async () => {
  const dataDir = await temporaryDirectory();
  const names = Array.from({ length: 12 }, (_, index) => `secret-${index % 6}`);
  const secrets = await Promise.all(names.map((name, index) => ensureSecret(dataDir, name, () => `value ${index}`)));
  expect(Object.keys(await readSecrets(dataDir))).toHaveLength(6);
  expect(secrets.slice(0, 6)).toEqual(secrets.slice(6));
});

test.each(['', '{"a": 1}', '["a"]', '{"a": "cut'])(
  'A damaged file of secrets (%j) is refused and not changed',
  async (text) => {
    const dataDir = await temporaryDirectory();
    const file = path.join(dataDir, 'secrets.json');
    await writeFile(file, text);
    await expect(ensureSecret(dataDir, 'a', () => 'new')).rejects.toThrow(`${file} is not a JSON object of texts`);
    expect(readFileSync(file, 'utf8')).toBe(text);
  },
);
