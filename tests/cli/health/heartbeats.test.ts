import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHeartbeats } from '../../../src/cli/health/heartbeats.ts';
import { createReadModels } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(async () => {
  await models.drop();
});

test('A change during the write of a sign of life is written after it', async () => {
  let isStopping = false;
  let beatAgain: (() => void) | null = () => {
    isStopping = true;
    void heartbeats.beat();
  };
  // The first write has read the state when the change comes.
  const query = async (...args: readonly unknown[]) => {
    beatAgain?.();
    beatAgain = null;
    return Reflect.apply(models.api.query, models.api, args);
  };
  const identity = {
    ...{ processId: randomUUID(), roles: ['api'], host: 'one', pid: 7 },
    ...{ version: '0.1.0', release: 1, startedAt: new Date() },
  };
  const heartbeats = startHeartbeats({
    pool: { query } as unknown as Pool,
    log: { warn: () => undefined },
    identity,
    writes: { failure: null },
    check: async () => [],
    projects: () => null,
    isStopping: () => isStopping,
  });
  const status = async () => {
    const { rows } = await models.superuser.query('select status from ops.processes where process_id = $1', [
      identity.processId,
    ]);
    return rows[0]?.status;
  };
  await expect.poll(status).toBe('stopping');
  await heartbeats.stop();
  expect(await status()).toBeUndefined();
});
