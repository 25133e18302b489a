import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser of the Postgres this test run started. */
    postgresUrl: string;
  }
}

/** One Postgres for the whole run; each test file makes databases of its own in it. */
export default async (project: TestProject) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-tests-'));
  const postgres = await startPostgres({
    dataDir: path.join(directory, 'postgres'),
    password: 'tests',
    port: await freePort(),
    durable: false,
  });
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
};
