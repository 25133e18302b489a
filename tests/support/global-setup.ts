import { randomBytes } from 'node:crypto';
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
import { cleanOutsidePostgres, inspectOutsidePostgres } from './outside-postgres.ts';
import { outsideServers } from './outside-servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser of the Postgres of this test run: its own, or that of `TEST_DATABASE_URL`. */
    postgresUrl: string;
    /** How the names of the databases of this run begin. */
    databasePrefix: string;
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

/** Provides one Postgres for the whole run; each test file makes databases of its own in it. */
const startDatabases = async (project: TestProject): Promise<() => Promise<void>> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-tests-'));
  const prefix = `test_${randomBytes(4).toString('hex')}_`;
  const postgres = await postgresOfRun(directory, prefix);
  const migrated = `${prefix}migrated`;
  project.provide('postgresUrl', postgres.url);
  project.provide('databasePrefix', prefix);
  await makeMigrated(postgres.url, migrated);
  project.provide('migratedDatabase', migrated);
  project.provide('preparedDirectory', path.join(directory, 'prepared'));
  return async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
};

const postgresOfRun = async (
  directory: string,
  prefix: string,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> => {
  const url = outsideServers.databaseUrl;
  if (url !== null) {
    const rolesBefore = await inspectOutsidePostgres(url);
    return { url, stop: () => cleanOutsidePostgres(url, { prefix, rolesBefore }) };
  }
  const dataDir = path.join(directory, 'postgres');
  return startPostgres({ dataDir, password: 'tests', port: await freePort(), durable: false });
};

const makeMigrated = async (postgresUrl: string, migrated: string): Promise<void> => {
  const client = new pg.Client(postgresUrl);
  await client.connect();
  // Tests connect thousands of times. A password that is hashed 4096 times costs each of them and Postgres milliseconds.
  if (outsideServers.databaseUrl === null)
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
