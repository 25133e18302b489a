import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

export type TestDatabase = { readonly url: string; drop(): Promise<void> };

/** A database of its own for a test file: empty, or a copy of `template`, which nobody may be connected to. */
export const createDatabase = async (template?: string): Promise<TestDatabase> => {
  const name = `${inject('databasePrefix')}${randomBytes(8).toString('hex')}`;
  // Copying the files of a larger one costs a third of what writing its blocks to the log costs.
  const source = template === undefined ? 'template0' : `${pg.escapeIdentifier(template)} strategy file_copy`;
  await asSuperuser(`create database ${name} template ${source}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asSuperuser(`drop database if exists ${name} with (force)`) };
};

const asSuperuser = async (statement: string): Promise<void> => {
  const client = new pg.Client(inject('postgresUrl'));
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};
