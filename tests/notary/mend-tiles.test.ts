import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { mendTiles } from '../../src/notary/mend-tiles.ts';
import type { Notary } from '../../src/notary/notary.ts';
import { checkTiles } from '../../src/proof/tree/check-tiles.ts';
import { readLastCheckpoint, tilesOf } from '../../src/records/issuer-trees.ts';
import { nodeSha256 } from '../../src/signing/log-keys.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';
import { leavesOf, notaryNeeds } from './support.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let parent: string;
let notary: Notary;
const ledger = createLog();
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'ledger-mend-'));
  [models, running] = await Promise.all([createReadModels(), startStore()]);
  for (const issuerOrgId of [rival, vendor])
    for (let number = 0; number < 260; number++) ledger.issue(`${issuerOrgId} ${number}`, { issuerOrgId });
  await project(models.projector, ledger.log);
  const directories = { keys: path.join(parent, 'keys'), copies: path.join(parent, 'copies') };
  notary = notaryNeeds(models.worker, running.connect(), directories).start();
  await untilWhole();
});
afterAll(async () => {
  await notary.stop();
  await running.stop();
  await models.drop();
  await rm(parent, { recursive: true });
});

const isWhole = async (issuerOrgId: string): Promise<void> => {
  const last = await readLastCheckpoint(models.worker, issuerOrgId);
  expect(last?.size).toBe(leavesOf(ledger.log, issuerOrgId).length);
  if (last === null) throw new Error('There is no checkpoint.');
  await checkTiles({ size: last.size, readTile: tilesOf(models.worker, issuerOrgId), hash: nodeSha256 }, last);
};
const untilWhole = () => vi.waitFor(() => Promise.all([rival, vendor].map(isWhole)), { timeout: 30_000, interval: 50 });
const mend = async () => {
  const mended: unknown[] = [];
  const warn = ({ organizationId }: { organizationId?: string }) => mended.push(organizationId);
  await mendTiles(models.worker, { warn, signal: new AbortController().signal });
  return mended;
};

test('A wrong tile of a log without news is found, and the notary builds the tiles again', async () => {
  expect(await mend()).toEqual([]);
  // The first tile is full, so nothing that the notary adds ever reads it again.
  await models.superuser.query(
    `update ops.log_tiles set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)
      where issuer_org_id = $1 and level = 0 and tile_index = 0`,
    [vendor],
  );
  await expect(isWhole(vendor)).rejects.toThrow('tile/0/000 does not have the hash');
  expect(await mend()).toEqual([vendor]);
  await untilWhole();
  expect(await mend()).toEqual([]);
});

test('A missing tile is built again, too', async () => {
  await models.superuser.query('delete from ops.log_tiles where issuer_org_id = $1 and level = 0 and tile_index = 0', [
    rival,
  ]);
  expect(await mend()).toEqual([rival]);
  await untilWhole();
});
