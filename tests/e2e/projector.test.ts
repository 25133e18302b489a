import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { appendLog } from '../support/append-log.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog } from '../support/license-fixtures.ts';
import { condition, runLedger, type Started, startLedgerProcess } from '../support/product.ts';
import { createReadModels } from '../support/read-models.ts';
import { runCommand } from '../support/run-command.ts';
import { temporaryDirectory } from '../support/temporary.ts';

// A projector process, seen as an operator sees it: probes, metrics, log and command line.
let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
beforeAll(async () => {
  [models, running] = await Promise.all([createReadModels(), startStore()]);
});
afterAll(async () => {
  await running.stop();
  await models.drop();
});

const secret = randomBytes(32).toString('base64');
const startProjector = async () => {
  const managementPort = await freePort();
  const env = {
    DATABASE_URL: models.url,
    EVENTSTORE_URL: running.url,
    LEDGER_SECRET: secret,
    LEDGER_DATA_DIR: await temporaryDirectory(),
  };
  const started = await startLedgerProcess(['--roles', 'projector'], {
    ...env,
    MANAGEMENT_PORT: String(managementPort),
  });
  const get = (path: string) => fetch(`http://127.0.0.1:${managementPort}${path}`);
  return {
    output: started.output,
    get,
    metric: async (name: string) =>
      new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await get('/metrics')).text())?.[1] ?? 'missing',
    /** Runs two processes at once. */
    replayTwice: () => {
      const replay = () => runLedger(['parked', 'replay'], { ...env, LOG_LEVEL: 'error' });
      return Promise.all([replay(), replay()]);
    },
    parked: (...args: string[]) => runCommand(['parked', ...args], { ...env, LOG_LEVEL: 'error' }),
    stop: () => stopped(started),
  };
};

const stopped = ({ process: child, ended }: Started) => {
  child.kill('SIGTERM');
  return ended;
};

test('A parked stream is counted, listed and replayed once its event fits, and the process stays ready', async () => {
  const projector = await startProjector();
  const ledger = createLog();
  const [sick, well] = [ledger.issue('sick'), ledger.issue('well')];
  const stream = `license-${sick}`;
  expect(await projector.parked('list')).toEqual({ code: 0, output: 'No stream is parked.\n' });
  await models.superuser.query(
    `alter table rm.licenses add constraint broken check (license_id <> '${sick}') not valid`,
  );
  await appendLog(running.connect(), ledger.log);
  await condition(
    'the stream is parked',
    async () => (await projector.metric('ledger_projection_parked_streams')) === '1',
  );
  await condition('the other one is projected', async () => {
    const { rowCount } = await models.superuser.query('select from rm.licenses where license_id = $1', [well]);
    return rowCount === 1;
  });
  expect((await projector.get('/readyz')).status).toBe(200);
  expect(projector.output()).toContain('its stream is parked');

  const listed = await projector.parked('list', '--json');
  expect(JSON.parse(listed.output)).toMatchObject([{ stream, fromRevision: '0', eventType: 'LicenseIssued' }]);
  expect((await projector.parked('list')).output).toMatch(new RegExp(`${stream} +0 +LicenseIssued`));
  expect(await projector.parked('replay')).toMatchObject({
    code: 1,
    output: expect.stringContaining(`${stream}: STILL PARKED.`),
  });
  expect(await projector.parked('replay', 'license-unknown')).toMatchObject({ code: 1 });

  await models.superuser.query('alter table rm.licenses drop constraint broken');
  const replays = await projector.replayTwice();
  expect(replays.map(({ code }) => code)).toEqual([0, 0]);
  const outputs = replays.map(({ output }) => output);
  expect(outputs).toContain(`${stream}: replayed. Its rows are up to date.\n`);
  for (const output of outputs) expect(output).toMatch(/: replayed\. |: no longer parked\. |^No stream is parked\.$/m);
  expect(await projector.metric('ledger_projection_parked_streams')).toBe('0');
  const { rows } = await models.superuser.query('select revision from rm.licenses where license_id = $1', [sick]);
  expect(rows).toEqual([{ revision: '1' }]);
  expect(await projector.stop()).toBe(0);
}, 240_000);

test('An event store that was restored to an earlier point makes the process degraded, and the log says why', async () => {
  await models.superuser.query(
    'update ops.checkpoints set commit_position = 999999999999, prepare_position = 999999999999',
  );
  const projector = await startProjector();
  await condition('it refuses', () => projector.output().includes('ahead of the event store'));
  const ready = await projector.get('/readyz');
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { status: 'degraded', parts: { projector: 'waits: the log of this process says why', postgres: 'ok' } },
  ]);
  expect(await projector.metric('ledger_part_ok{part="projector"}')).toBe('0');
  expect(projector.output()).toContain('the checkpoint is at 999999999999, the log ends at');
  expect(await projector.stop()).toBe(0);
}, 60_000);
