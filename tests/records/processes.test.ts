import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isProjectorAlive, noteSignOfLife, removeProcess, type SignOfLife } from '../../src/records/processes.ts';
import { createReadModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

const sign = (fields: Partial<SignOfLife> = {}): SignOfLife => ({
  ...{ processId: randomUUID(), roles: ['projector'], host: 'one', pid: 7, version: '0.1.0', release: 1 },
  ...{ startedAt: new Date(), status: 'ok', faults: [], projects: true, ...fields },
});
const age = (processId: string, time: string) =>
  models.superuser.query('update ops.processes set seen_at = now() - $2::interval where process_id = $1', [
    processId,
    time,
  ]);
const ids = async () =>
  (await models.superuser.query<{ id: string }>('select process_id as id from ops.processes')).rows.map(({ id }) => id);

test('A projector counts as alive for a minute after its sign of life, and only while it can project', async () => {
  const projector = sign();
  expect(await isProjectorAlive(models.api)).toBe(false);
  await noteSignOfLife(models.api, projector);
  expect(await isProjectorAlive(models.api)).toBe(true);
  await age(projector.processId, '61 seconds');
  expect(await isProjectorAlive(models.api)).toBe(false);
  await noteSignOfLife(models.api, {
    ...projector,
    projects: false,
    status: 'degraded',
    faults: [{ part: 'projector' }],
  });
  expect(await isProjectorAlive(models.api)).toBe(false);
  const { rows } = await models.superuser.query('select status, faults, projects from ops.processes');
  expect(rows).toEqual([{ status: 'degraded', faults: [{ part: 'projector' }], projects: false }]);
  await removeProcess(models.api, projector.processId);
});

test('The sign of life of any process removes the rows of processes that were silent for an hour', async () => {
  const [alive, silent, dead] = [sign(), sign(), sign()];
  for (const each of [alive, silent, dead]) await noteSignOfLife(models.api, each);
  await age(silent.processId, '50 minutes');
  await age(dead.processId, '61 minutes');
  await noteSignOfLife(models.api, alive);
  expect((await ids()).sort()).toEqual([alive.processId, silent.processId].sort());
});

test('The API sees of other processes only whether they can project', async () => {
  await expect(models.api.query('select host from ops.processes')).rejects.toThrow('permission denied');
  await expect(models.worker.query('select process_id from ops.processes')).rejects.toThrow('permission denied');
});
