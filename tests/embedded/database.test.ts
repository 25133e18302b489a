import pg from 'pg';
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';

const query = async (url: string, text: string) => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

test('A test file can create its own empty database, copy it and drop it', async () => {
  const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
  await query(one.url, 'create table kept (id uuid default uuidv7())');
  expect(await query(other.url, `select to_regclass('kept') as kept`)).toEqual([{ kept: null }]);

  const copy = await createDatabase(new URL(one.url).pathname.slice(1));
  expect(await query(copy.url, `select to_regclass('kept')::text as kept`)).toEqual([{ kept: 'kept' }]);

  await Promise.all([one.drop(), other.drop(), copy.drop()]);
  await expect(query(one.url, 'select 1')).rejects.toThrow('does not exist');
});
