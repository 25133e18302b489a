import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { prepareDatabase } from '../../src/projections/prepare-database.ts';
import { compileWhatIsStarted } from './compiled.ts';
import { keepTemporaryFilesInMemory } from './memory-files.ts';
import { skippedTests } from './missing-programs.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser of the Postgres this test run started. */
    postgresUrl: string;
    /** A migrated database in it, to be copied: nobody is connected to it. */
    migratedDatabase: string;
    /** Where data that tests copy is made; see `prepared.ts`. */
    preparedDirectory: string;
  }
}

/** Prepares what the projects of this run need: the domain needs nothing, and only processes are started compiled. */
export default async (project: TestProject) => {
  const names = project.vitest.projects.map(({ name }) => name);
  if (names.every((name) => name === 'domain')) return;
  const removeFiles = keepTemporaryFilesInMemory();
  const [stop] = await Promise.all([
    startDatabases(project),
    ...(names.includes('process') ? [compileWhatIsStarted()] : []),
  ]);
  return async () => {
    await stop();
    removeFiles();
    // The last lines of a run, where they are read.
    for (const line of skippedTests()) console.log(line);
  };
};

/** Starts one Postgres for the whole run; each test file makes databases of its own in it. */
const startDatabases = async (project: TestProject): Promise<() => Promise<void>> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-tests-'));
  const postgres = await startPostgres({
    dataDir: path.join(directory, 'postgres'),
    password: 'tests',
    port: await freePort(),
    durable: false,
  });
  project.provide('postgresUrl', postgres.url);
  await makeMigrated(postgres.url);
  project.provide('migratedDatabase', migrated);
  project.provide('preparedDirectory', path.join(directory, 'prepared'));
  return async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
};

const migrated = 'migrated';

const makeMigrated = async (postgresUrl: string): Promise<void> => {
  const client = new pg.Client(postgresUrl);
  await client.connect();
  // Tests connect thousands of times. A password that is hashed 4096 times costs each of them and Postgres milliseconds.
  await client.query(`set scram_iterations = 1; alter role postgres password 'tests'`);
  await client.query(`create database ${migrated} template template0`);
  await client.end();
  const url = new URL(postgresUrl);
  url.pathname = `/${migrated}`;
  await prepareDatabase({ url: url.href, log: () => {} });
  // Tests fold their logs in many ways, and read meanwhile.
  const owner = new pg.Client(url.href);
  await owner.connect();
  await owner.query('update ops.projection_versions set goal = 0, is_level = true');
  await owner.end();
};
