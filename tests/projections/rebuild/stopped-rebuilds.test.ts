import { afterEach, beforeEach, expect, test } from 'vitest';
import { refuseOpenCatalog } from '../../../src/postgres/lint.ts';
import { rebuild } from '../../../src/projections/rebuild/rebuild.ts';
import { activeProjection, versionsOf } from '../../../src/projections/versions.ts';
import { rowSecurity } from '../../../src/row-security.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { testInFull } from '../../support/in-full.ts';
import { manyLicenses } from '../../support/many-licenses.ts';
import { runProgram } from '../../support/processes.ts';
import { condition } from '../../support/product.ts';
import { atEachIndex, createReadModels, dumpReadModels, quiet } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
beforeEach(async () => {
  models = await createReadModels();
  running = await startStore(manyLicenses(40));
});
afterEach(async () => {
  await running.stop();
  await models.drop();
});

const rebuilding = (signal = new AbortController().signal): Parameters<typeof rebuild>[0] => ({
  ...{ store: running.connect(), databaseUrl: models.url, projectorUrl: models.url, log: quiet, signal },
  // No projector runs: the serving version gets its rows from the first rebuild.
  ...{ settleMs: 0, force: true },
});

const schemas = async () => {
  const { rows } = await models.superuser.query<{ name: string }>(
    `select nspname as name from pg_namespace where nspname ~ '^rm(_|$)' order by 1`,
  );
  return rows.map(({ name }) => name);
};

// An index of a large table takes minutes.
const makeIndexesSlow = () => atEachIndex(models.superuser, 'perform pg_sleep(3600);');

const anIndexIsMade = () =>
  condition('an index is made', async () => {
    const { rows } = await models.superuser.query(
      `select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
    );
    return rows.length > 0;
  });

test('A rebuild that is stopped while an index is made ends before the index', async () => {
  const stop = new AbortController();
  await makeIndexesSlow();
  const stopped = rebuild(rebuilding(stop.signal));
  stopped.catch(() => undefined);
  await anIndexIsMade();
  stop.abort();
  await expect(stopped).rejects.toThrow('The rebuild was stopped; the read models are as they were.');
  expect(await schemas()).toEqual(['rm']);
});

testInFull(
  'When the process of a rebuild is killed, processes start, and the next rebuild starts again',
  {
    timeout: 120_000,
  },
  async () => {
    await rebuild(rebuilding());
    const rows = await dumpReadModels(models.superuser);
    const active = await activeProjection(models.projector);
    const killed = async (phase: string, isReached: (output: string) => Promise<unknown>) => {
      const program = runProgram('run-rebuild.ts', [models.url, running.url, '60000']);
      await condition(`it is ${phase}`, () => program.output().includes(`"phase":"${phase}"`));
      await isReached(phase);
      program.process.kill('SIGKILL');
      await program.ended;
      expect(await dumpReadModels(models.superuser)).toEqual(rows);
      expect(await activeProjection(models.projector)).toEqual(active);
      await refuseOpenCatalog(models.url, rowSecurity);
      return schemas();
    };
    // An earlier release does not look into this schema, in which tables are open to their owner.
    expect(await killed('folding', async () => undefined)).toContain(`rm_v${active.version + 1}_loading`);
    await makeIndexesSlow();
    expect(await killed('analyzing', anIndexIsMade)).toContain(`rm_v${active.version + 2}`);
    await models.superuser.query('drop event trigger at_each_index');
    await killed('following', async () => undefined);
    const { version } = await rebuild(rebuilding());
    expect(await schemas()).toEqual(['rm', `rm_v${active.version}`]);
    expect(await versionsOf(models.projector)).toMatchObject([{ state: 'previous' }, { version, state: 'active' }]);
    expect(await dumpReadModels(models.superuser)).toEqual(rows);
  },
);
