import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventStore } from '../../../src/eventstore/event-store.ts';
import { connectLogReader, type LogReader } from '../../../src/eventstore/read-log.ts';
import { streamPrefixes } from '../../../src/projections/fold/fold-event.ts';
import { verifyLedger } from '../../../src/projections/verify/verify.ts';
import type { Verdict } from '../../../src/projections/verify/verify-verdict.ts';
import { appendLog } from '../../support/append-log.ts';
import { type RunningStore, startOwnStore } from '../../support/event-store.ts';
import { createLog, testId } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, dumpReadModels, emptyReadModels, project } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
let reader: LogReader;
const log = randomLog(sized(8_000), 21);
const half = Math.floor(log.length / 2);
beforeAll(async () => {
  models = await createReadModels();
  running = await startOwnStore();
  store = running.connect();
  reader = connectLogReader({ url: running.url });
  await appendLog(store, log);
});
afterAll(async () => {
  await reader.close();
  await running.stop();
  await models.drop();
});

/** The log with the positions of the server. */
const readAll = async () => {
  const head = await store.head({ timeoutMs: 5_000 });
  if (head === null) throw new Error('The log is empty.');
  const events = [];
  for await (const recorded of reader.read({ streamPrefixes, upTo: head })) events.push(recorded);
  return events;
};
const verify = (): Promise<Verdict> => verifyLedger({ store, readLog: reader.read, pool: models.projector });

const rebuild = async () => {
  await emptyReadModels(models.superuser);
  await project(models.projector, await readAll());
};

test('The log reader yields every event of our streams once and in order, across pages', async () => {
  const events = await readAll();
  expect(events.map(({ id }) => id)).toEqual(log.map(({ id }) => id));
});

describe('An intact ledger', () => {
  test('gets an intact verdict with the numbers of compared streams, events and rows', async () => {
    await rebuild();
    const licenses = new Set(log.map(({ stream }) => stream)).size;
    const rows = Object.values(await dumpReadModels(models.superuser)).flat().length;
    expect(await verify()).toEqual({
      intact: true,
      events: log.length,
      trees: 3,
      streams: licenses,
      notProjected: 0,
      parked: 0,
      rows,
      damaged: 0,
      repaired: 0,
      findings: [],
      readModels: 'COMPARED',
    });
  });

  test('is intact while the read models are behind or empty', async () => {
    await emptyReadModels(models.superuser);
    expect(await verify()).toMatchObject({ intact: true, rows: 0, notProjected: log.length });
    await project(models.projector, (await readAll()).slice(0, half));
    expect(await verify()).toMatchObject({ intact: true, notProjected: log.length - half });
  });
});

test('A checkpoint beyond the end of the log is reported', async () => {
  await rebuild();
  await models.superuser.query('update ops.checkpoints set commit_position = commit_position + 1000000000');
  expect(await verify()).toMatchObject({
    intact: false,
    damaged: 1,
    findings: [{ code: 'BEYOND_LOG', what: expect.stringContaining('beyond the end of the log') }],
  });
});

describe('A verification reports', () => {
  const inStore = async (sql: string, values: readonly unknown[]) => {
    const db = new pg.Client(running.databaseUrl);
    await db.connect();
    const { rows } = await db.query(sql, [...values]);
    await db.end();
    return rows;
  };
  const stream = `license-${testId('lic', 'tampered')}`;
  beforeAll(async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('tampered');
    for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
    await appendLog(store, ledger.log);
    await rebuild();
  });

  /** Changes an event in the table of the event store, verifies, and restores the event. */
  const tamperedEvent = async (revision: number, replace: (bytes: string) => string): Promise<Verdict> => {
    const [before] = await inStore(
      `select encode(data, 'escape') as data from eventstore.events where stream = $1 and revision = $2`,
      [stream, revision],
    );
    const set = `update eventstore.events set data = decode($3, 'escape') where stream = $1 and revision = $2`;
    await inStore(set, [stream, revision, replace(before.data)]);
    try {
      return await verify();
    } finally {
      await inStore(set, [stream, revision, before.data]);
    }
  };

  test('a changed byte of an event with its stream, revision and position', async () => {
    const verdict = await tamperedEvent(2, (bytes) => bytes.replace('linux', 'LINUX'));
    expect(verdict).toMatchObject({
      intact: false,
      damaged: 1,
      findings: [{ code: 'EVENT_ALTERED', stream, revision: 2n, position: expect.any(BigInt) }],
    });
    expect(await verify()).toMatchObject({ intact: true });
  });

  test('a missing event in the middle and at the end of a stream', async () => {
    const gone = async (revision: number) => {
      const rows = await inStore('delete from eventstore.events where stream = $1 and revision = $2 returning *', [
        stream,
        revision,
      ]);
      try {
        return await verify();
      } finally {
        const columns = Object.keys(rows[0]);
        await inStore(
          `insert into eventstore.events (${columns}) values (${columns.map((_, index) => `$${index + 1}`)})`,
          Object.values(rows[0]),
        );
      }
    };
    expect(await gone(2)).toMatchObject({
      intact: false,
      damaged: 1,
      findings: [
        { code: 'EVENT_MISSING', stream, revision: 3n, what: expect.stringContaining('revision 2 was expected') },
      ],
    });
    expect(await gone(4)).toMatchObject({
      intact: false,
      damaged: 2,
      findings: [{ code: 'BEYOND_LOG' }, { code: 'ROWS_DIFFER', stream }],
    });
    // A stream is listed by its first event.
    expect(await gone(0)).toMatchObject({
      intact: false,
      damaged: 1,
      findings: [
        { code: 'EVENT_MISSING', stream, revision: 1n, what: expect.stringContaining('revision 0 was expected') },
      ],
    });
    expect(await verify()).toMatchObject({ intact: true });
  });
});
