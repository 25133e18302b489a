import type { Pool } from 'pg';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { measureBackup } from '../../../src/cli/health/measure-backup.ts';

/** A Postgres that answers when the test says so. */
const silentPool = () => {
  const waiting: ((answer: { rows: object[] }) => void)[] = [];
  const query = () => new Promise<{ rows: object[] }>((resolve) => waiting.push(resolve));
  return { pool: { query } as unknown as Pool, answer: (rows: object[]) => waiting.shift()?.({ rows }), waiting };
};
const valuesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('A scrape shows no time of a backup before Postgres has told it, and the last one while Postgres is silent', async () => {
  const registry = new Registry();
  const { pool, answer, waiting } = silentPool();
  measureBackup(registry, pool, 1);
  expect(await valuesOf(registry)).toEqual([]);
  expect(await valuesOf(registry)).toEqual([]);
  // All of them wait for one answer.
  expect(waiting).toHaveLength(1);
  const finishedAt = new Date('2026-11-30T02:00:00Z');
  answer([{ finishedAt, hasLog: false, rows: '1', bytes: '1' }]);
  const shown = [
    `ledger_last_backup_timestamp_seconds ${finishedAt.getTime() / 1_000}`,
    'ledger_last_backup_has_log 0',
  ];
  await expect.poll(() => valuesOf(registry)).toEqual(shown);
  expect(await valuesOf(registry)).toEqual(shown);
});

test('Without a backup the time is 0, and nothing says whether the log is in it', async () => {
  const registry = new Registry();
  measureBackup(registry, { query: async () => ({ rows: [] }) } as unknown as Pool, 1_000);
  expect(await valuesOf(registry)).toEqual(['ledger_last_backup_timestamp_seconds 0']);
});
