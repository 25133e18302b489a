import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { joinServers } from '../../../src/cli/server/open-servers.ts';
import { loadConfig } from '../../../src/config.ts';
import { places, writeRuntime } from '../../../src/embedded/data-directory.ts';
import { tryLock } from '../../../src/embedded/lock.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('A command that creates data waits for a first start that is creating them', async () => {
  const dataDir = path.join(await temporaryDirectory(), 'data');
  await mkdir(dataDir, { mode: 0o700 });
  const lock = await tryLock(places(dataDir).lock);
  if (!lock.isAcquired) throw new Error('The directory is new.');
  let reads = 0;
  const config = {
    ...loadConfig({ LEDGER_DATA_DIR: dataDir }),
    get dataDir() {
      reads += 1;
      return dataDir;
    },
  };
  const joining = joinServers(config, () => undefined, 'CREATE');
  joining.catch(() => undefined);
  const urls = { databaseUrl: 'postgres://127.0.0.1/ledger', eventStoreUrl: 'esdb://127.0.0.1:1' };
  // It has tried to join, to create, and to join again.
  await expect.poll(() => reads).toBeGreaterThanOrEqual(3);
  await writeRuntime(dataDir, { ...urls, pid: process.pid, startedAt: new Date().toISOString() });
  expect(await joining).toMatchObject({ ...urls, embedded: true });
  await lock.release();
});
