import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, project } from '../../support/read-models.ts';
import { copiesOf, verdictWith, withCheckpoints } from './signed-logs.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const events = randomLog(90, 31);
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, events);
});
beforeEach(() => models.superuser.query('truncate ops.log_trees, ops.log_tiles, ops.log_checkpoints, ops.log_keys'));
afterAll(() => models.drop());

const faultsOf = async (log: readonly Recorded[]) => {
  const { findings } = await verdictWith(models, log, copiesOf(vendor));
  return findings.map(({ code, stream, revision, what }) => [code, stream, revision, what]);
};
const fault = (what: string, revision: bigint) => [['TREE_DIFFERS', `checkpoint-${vendor}`, revision, what]];
const changed = 'its row in the database is another one than the event makes';
const lacking = 'its row is missing in the database';

test.each([
  ['another root', `update ops.log_checkpoints set root = sha256('x') where revision = 2`, changed, 2n],
  ['another size', 'update ops.log_checkpoints set size = 11 where revision = 1', changed, 1n],
  ['another note', `update ops.log_checkpoints set note = note || 'x' where revision = 3`, changed, 3n],
  ['another origin', `update ops.log_checkpoints set origin = 'x' where revision = 2`, changed, 2n],
  ['another key', `update ops.log_keys set vkey = vkey || 'A'`, changed, 0n],
  ['no row of a checkpoint', 'delete from ops.log_checkpoints where revision = 2', lacking, 2n],
  ['no row of the key', 'delete from ops.log_keys', lacking, 0n],
  ['no row of the newest checkpoint', 'delete from ops.log_checkpoints where revision = 3', lacking, 3n],
  ['no row', 'delete from ops.log_checkpoints; delete from ops.log_keys', lacking, 0n],
  [
    'a row too many',
    `insert into ops.log_checkpoints select issuer_org_id, 4, origin, size, root, note, now() from ops.log_checkpoints where revision = 3`,
    'the database has a row that the stream does not make',
    4n,
  ],
])('Verify names %s where the stream has a checkpoint', async (_, statement, what, revision) => {
  const { log } = await withCheckpoints(models, events, vendor, [10, 20, undefined]);
  await models.superuser.query(statement);
  expect(await faultsOf(log)).toEqual(fault(what, revision));
});

test('Rows that the notary has yet to write are no fault', async () => {
  const { log } = await withCheckpoints(models, events, vendor, [10, undefined]);
  await models.superuser.query('delete from ops.log_checkpoints where revision = 2');
  for (const work of [
    'update ops.log_trees set unsigned_since = now(), due_at = now()',
    'update ops.log_trees set unsigned_since = null, due_at = null, grown = caught_up + 1',
    `update ops.log_trees set grown = caught_up; insert into ops.log_demands select issuer_org_id from ops.log_trees`,
  ]) {
    await models.superuser.query(work);
    expect(await faultsOf(log)).toEqual([]);
  }
  await models.superuser.query('delete from ops.log_demands');
  expect(await faultsOf(log)).toEqual(fault(lacking, 2n));
});
