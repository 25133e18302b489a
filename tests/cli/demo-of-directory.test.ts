import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ensureDemo, isAcmePending } from '../../src/cli/demo/demo-data.ts';
import type { Ledger } from '../../src/cli/server/assemble.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A server whose log is empty or not. Everything else that it is asked for fails. */
const serverWith = (log: 'empty' | 'written') =>
  ({ store: { head: async () => (log === 'empty' ? null : { commit: 1n, prepare: 1n }) } }) as unknown as Ledger;
const ensure = (dataDir: string, log: 'empty' | 'written', configured: 'none' | 'full') =>
  ensureDemo(dataDir, serverWith(log), { baseUrl: 'http://127.0.0.1:1', configured });

test('A directory whose first start configured no demo never gets one', async () => {
  const dataDir = await temporaryDirectory();
  expect(await ensure(dataDir, 'empty', 'none')).toBeNull();
  expect(await isAcmePending(dataDir, 'full')).toBe(false);
  expect(await ensure(dataDir, 'empty', 'full')).toBeNull();
});

test('A directory with data, as after a restore, is not new and gets no demo', async () => {
  const dataDir = await temporaryDirectory();
  expect(await isAcmePending(dataDir, 'full')).toBe(true);
  expect(await ensure(dataDir, 'written', 'full')).toBeNull();
  expect(await isAcmePending(dataDir, 'full')).toBe(false);
});

test('A demo of an earlier release stays without Acme Tools', async () => {
  const dataDir = await temporaryDirectory();
  const file = path.join(dataDir, 'demo.json');
  const demo = { organizationId: 'org', apiKey: 'key', licenseId: 'lic', licenseKey: 'LL', email: 'a@b.example' };
  await writeFile(file, JSON.stringify(demo));
  expect(await isAcmePending(dataDir, 'full')).toBe(false);
  expect(await ensure(dataDir, 'written', 'full')).toEqual({ ...demo, baseUrl: 'http://127.0.0.1:1' });
  expect(JSON.parse(await readFile(file, 'utf8'))).not.toHaveProperty('acme');
});

test('Half of Acme Tools is pending, whatever a later start wants', async () => {
  const dataDir = await temporaryDirectory();
  const acme = { organizationId: 'org', beginsAt: '2024-11-30T00:00:00.000Z', isComplete: false };
  await writeFile(path.join(dataDir, 'demo.json'), JSON.stringify({ acme }));
  expect([await isAcmePending(dataDir, 'none'), await isAcmePending(dataDir, 'license')]).toEqual([true, true]);
  await writeFile(path.join(dataDir, 'demo.json'), JSON.stringify({ acme: { ...acme, isComplete: true } }));
  expect(await isAcmePending(dataDir, 'full')).toBe(false);
});

test('A demo.json that cannot be read stops the start, and is not taken for a missing one', async () => {
  const dataDir = await temporaryDirectory();
  await mkdir(path.join(dataDir, 'demo.json'));
  await expect(isAcmePending(dataDir, 'full')).rejects.toThrow('Cannot read');
  await expect(ensure(dataDir, 'empty', 'full')).rejects.toThrow('Cannot read');
});
