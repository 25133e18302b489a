import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { appendLog } from '../support/append-log.ts';
import { startStore } from '../support/event-store.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { runProgram } from '../support/processes.ts';
import { condition } from '../support/product.ts';
import { randomLog } from '../support/random-log.ts';
import { createReadModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const kills = sized(200, 2);
const events = sized(30_000, 450);
const spareEvents = 400;
const standsBy = 'Another projector is active';

test.each([
  ['the projector', 1],
  ['one of two projectors', 2],
])(
  `Every row equals the fold of ${events} events after ${kills} kills of %s`,
  { timeout: 400_000 + kills * 10_000 },
  async (_, instances) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`Kills are drawn from seed ${seed}.`);
    const random = randomFrom(seed);
    const log = randomLog(events + spareEvents, seed);
    const [models, running] = await Promise.all([createReadModels(), startStore()]);
    const store = running.connect();

    const start = async () => {
      const projector = runProgram('run-projector.ts', [models.url, running.url]);
      await projector.firstAnswer;
      return projector;
    };
    const position = async () => {
      const { rows } = await models.superuser.query<{ position: string }>(
        'select coalesce(max(commit_position), -1) as position from ops.checkpoints',
      );
      return BigInt(rows[0]?.position ?? -1);
    };

    const alive = await Promise.all(Array.from({ length: instances }, start));
    for (let kill = 0; kill < kills; kill++) {
      const before = await position();
      const portion = log.slice(Math.floor((kill * events) / kills), Math.floor(((kill + 1) * events) / kills));
      const appended = appendLog(store, portion);
      await condition('the checkpoint moves', async () => (await position()) > before);
      await delay(random() * killMsMax);
      const [victim] = alive.splice(Math.floor(random() * alive.length), 1);
      victim?.process.kill('SIGKILL');
      await victim?.ended;
      await appended;
      alive.push(await start());
    }

    // Every kill may have come before the second projector followed at all.
    const isFenced = () => instances === 1 || alive.some((projector) => projector.output().includes(standsBy));
    let appended = events;
    await condition('one projector stands by', async () => {
      await appendLog(store, log.slice(appended, appended + 1));
      appended = Math.min(appended + 1, log.length);
      return isFenced();
    });
    const head = await store.head({ timeoutMs: 5_000 });
    // A projector that is killed early each time still has most of the log to project.
    await condition('everything is projected', async () => (await position()) === head?.commit, catchUpMsMax);
    for (const projector of alive) projector.process.kill('SIGTERM');
    await Promise.all(alive.map((projector) => projector.ended));

    const reader = connectLogReader({ url: running.url });
    expect(await verifyLedger({ store, readLog: reader.read, pool: models.projector })).toMatchObject({
      intact: true,
      events: appended,
      notProjected: 0,
    });
    await reader.close();
    await running.stop();
    await models.drop();
  },
);

const catchUpMsMax = 300_000;
// About the time in which a portion is projected, so that kills hit batches and the pauses between them.
const killMsMax = 200;
