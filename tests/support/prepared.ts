import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { startStack } from '../../src/embedded/stack.ts';
import { eventStoreProgram } from './compiled.ts';
import { startProduct } from './product.ts';

// For tests of what comes after the first start, which takes seconds. Tests of the first start begin with nothing.

/** Puts the data of a Postgres that ran before into `dataDir`, which is empty or does not exist. Its password is "tests". */
export const copyCluster = (dataDir: string): Promise<void> =>
  copyPrepared('cluster', dataDir, async (made) => {
    const postgres = await startPostgres({ dataDir: made, password: 'tests', port: await freePort(), durable: false });
    await postgres.stop();
  });

/** Puts a data directory in which the embedded servers ran before into `dataDir`, which is empty or does not exist. */
export const copyStackData = (dataDir: string): Promise<void> =>
  copyPrepared('stack', dataDir, async (made) => {
    const stack = await startStack({ dataDir: made, program: eventStoreProgram });
    await stack.stop();
  });

/** Puts a data directory in which the product ran before, with its demo, into `dataDir`, which is empty or does not exist. */
export const copyProductData = (dataDir: string): Promise<void> =>
  copyPrepared('product', dataDir, async (made) => {
    await copyStackData(made);
    const product = await startProduct({ LEDGER_DATA_DIR: made });
    product.process.kill('SIGTERM');
    await product.ended;
  });

/** Makes what is copied once per test run. Two workers may make it at the same time; the first one wins. */
const copyPrepared = async (name: string, to: string, make: (made: string) => Promise<void>): Promise<void> => {
  const prepared = path.join(inject('preparedDirectory'), name);
  if (!existsSync(prepared)) {
    await mkdir(path.dirname(prepared), { recursive: true, mode: 0o700 });
    const unfinished = await mkdtemp(`${prepared}-`);
    await make(path.join(unfinished, 'made'));
    await rename(path.join(unfinished, 'made'), prepared).catch((error) => {
      if (!existsSync(prepared)) throw error;
    });
    await rm(unfinished, { recursive: true, force: true });
  }
  // Node takes ten times as long for the thousand files of a Postgres.
  await mkdir(to, { recursive: true, mode: 0o700 });
  await promisify(execFile)('cp', ['-a', `${prepared}/.`, to]);
};
