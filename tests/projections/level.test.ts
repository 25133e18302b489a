import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectionConfig } from '../../src/projections/connect.ts';
import { beginProjecting, markLevel, OtherRelease, projectionFor } from '../../src/projections/level.ts';
import { rebuild } from '../../src/projections/rebuild/rebuild.ts';
import { upgrade } from '../../src/projections/rebuild/upgrade.ts';
import { ownRelease } from '../../src/projections/release.ts';
import { versionsOf } from '../../src/projections/versions.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createReadModels, quiet, readModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
beforeAll(async () => {
  [models, running] = await Promise.all([createReadModels(), startStore()]);
});
afterAll(async () => {
  await running.stop();
  await models.drop();
});

const setVersion = (changes: string) => models.superuser.query(`update ops.projection_versions set ${changes}`);
const own = ownRelease();
beforeEach(() =>
  setVersion(
    `release = ${own.number}, projected_by = ${own.number}, shape = '${own.shape}', is_level = true, goal = 0`,
  ),
);

/** Runs a statement as a process of this release, or of a release without a number. */
const asProcess = async (numbered: boolean, role: 'ledger_api' | 'ledger_projector', statement: string) => {
  const config = numbered
    ? connectionConfig({ url: models.url, role })
    : { connectionString: models.url, options: `-c search_path=rm -c role=${role}` };
  const db = new pg.Client(config);
  await db.connect();
  try {
    return await db.query(statement);
  } finally {
    await db.end();
  }
};
const read = (numbered: boolean) => asProcess(numbered, 'ledger_api', 'select ops.require_read_models()');
const project = (numbered: boolean) =>
  asProcess(numbered, 'ledger_projector', 'update ops.checkpoints set updated_at = now()');

describe('A process of a release without a number', () => {
  test('reads and projects until another release serves, and is then refused as by a stopped server', async () => {
    await setVersion(`release = 0, projected_by = 0, shape = 'of that release'`);
    await read(false);
    await project(false);
    await expect(read(true)).rejects.toThrow('The read models of release 0 serve, and those of this process');
    await setVersion(`release = 1, projected_by = 1, shape = '${own.shape}'`);
    await expect(read(false)).rejects.toMatchObject({ code: '57P03', message: expect.stringContaining('Update this') });
    await expect(project(false)).rejects.toMatchObject({ code: '57P03' });
    await read(true);
    await project(true);
  });
});

describe('The read models of a release', () => {
  test('serve once they reach the place where the log ended when their build began', async () => {
    await setVersion('is_level = false, goal = null');
    const head = { commit: 500n, prepare: 500n };
    expect(await beginProjecting(models.projector, readModels, own, head)).toEqual({ goal: 500n, isLevel: false });
    // A later start keeps the goal.
    const later = { commit: 900n, prepare: 900n };
    expect(await beginProjecting(models.projector, readModels, own, later)).toEqual({ goal: 500n, isLevel: false });
    await models.superuser.query('update ops.checkpoints set commit_position = 215, prepare_position = 215');
    await expect(read(true)).rejects.toThrow('The read models are being built: 43 % of the log is folded.');
    await markLevel(models.projector, readModels);
    await read(true);
  });

  test('get a lower goal from a log that was restored to an earlier point', async () => {
    await setVersion('is_level = false, goal = 500');
    const restored = { commit: 300n, prepare: 300n };
    expect(await beginProjecting(models.projector, readModels, own, restored)).toEqual({ goal: 300n, isLevel: false });
  });
  test('serve at once on an empty log', async () => {
    await setVersion('is_level = false, goal = null');
    expect(await beginProjecting(models.projector, readModels, own, null)).toEqual({ goal: 0n, isLevel: true });
    await read(true);
  });

  test('accept no projector of a lower release or of another shape', async () => {
    expect(await projectionFor(models.projector, own)).toEqual(readModels);
    await expect(projectionFor(models.projector, { ...own, shape: 'another' })).rejects.toThrow(OtherRelease);
    await setVersion('projected_by = 9');
    await expect(projectionFor(models.projector, own)).rejects.toThrow('Release 9 projects into the read models');
    await expect(project(true)).rejects.toMatchObject({ code: '57P03' });
  });

  test('are not rebuilt by a lower release than the one that projects into them', async () => {
    await setVersion(`projected_by = ${own.number + 1}`);
    const store = running.connect();
    const { signal } = new AbortController();
    const options = { store, databaseUrl: models.url, projectorUrl: models.url, log: quiet, signal };
    await expect(rebuild(options)).rejects.toThrow(`Release ${own.number + 1} works on the read models that serve`);
    // A release of another shape waits for an update too, and builds nothing.
    await upgrade({ ...options, release: { ...own, shape: 'another' } });
    const versions = await versionsOf(models.projector);
    expect(versions.map(({ state }) => state)).toEqual(['active']);
  });

  test.each([
    ['goes on', 'has the same shape', own.shape],
    ['is refused', 'has another shape', 'another'],
  ])(
    'take over from a previous version, and a running call of its function %s when the new one %s',
    async (outcome, _, shape) => {
      const { superuser } = models;
      await superuser.query(`create schema rm_0; grant usage on schema rm_0 to ledger_api;
      create function rm_0.read() returns void language sql as 'select';
      insert into ops.projection_versions (projection, version, state, shape)
        values ('read-models', 0, 'previous', '${shape}');
      insert into ops.checkpoints (projection, version, schema_name) values ('read-models', 0, 'rm_0')`);
      const call = asProcess(true, 'ledger_api', `select ops.require_read_models('rm_0.read'::regproc)`);
      if (outcome === 'goes on') await call;
      else await expect(call).rejects.toMatchObject({ code: '57P03' });
      await superuser.query(`drop schema rm_0 cascade; delete from ops.checkpoints where version = 0;
      delete from ops.projection_versions where version = 0`);
    },
  );
});
