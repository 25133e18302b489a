import type { PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { readModelTables } from '../../../src/projections/tables/tables.ts';
import { createRowComparison } from '../../../src/projections/verify/compare-rows.ts';
import { nowhere } from '../../../src/projections/verify/findings.ts';

test('Streams that are compared at the same time send one statement at a time to their connection', async () => {
  let [running, most, statements] = [0, 0, 0];
  const query = async () => {
    most = Math.max(most, ++running);
    statements += 1;
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return { rows: [] };
  };
  const comparison = createRowComparison({ query } as unknown as PoolClient, () => undefined);
  const compareMany = async (number: number) => {
    for (const model of readModelTables.slice(0, 2)) {
      const row = Object.fromEntries(Object.keys(model.table.columns).map((column) => [column, `${number}`]));
      for (let index = 0; index < 1_200; index += 1) await comparison.expect(model, row, nowhere);
    }
  };
  await Promise.all([compareMany(1), compareMany(2), compareMany(3)]);
  await comparison.settle();
  expect(most).toBe(1);
  expect(statements).toBeGreaterThan(4);
  expect(comparison.compared()).toBe(3 * 2 * 1_200);
});
