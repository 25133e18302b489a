import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { expect, test } from 'vitest';
import { eventStoreProgram } from '../../support/compiled.ts';
import { createDatabase } from '../../support/database.ts';
import { sized } from '../../support/size.ts';
import { connect } from './harness.ts';

const count = sized(1_000_000);
const bytesPerEvent = 4_000;
const grownMbMax = 100;
const longMs = 120_000 + count * 2;

/** Returns the most memory that a process has used so far, in megabytes. Needs Linux. */
const peakMb = (pid: number | undefined): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

/** Writes events directly into the table. */
const fill = async (databaseUrl: string): Promise<void> => {
  const db = new pg.Client(databaseUrl);
  await db.connect();
  await db.query(
    `insert into eventstore.events
       (position, stream, revision, event_id, type, is_json, data, metadata, created_ticks)
     select n * 2000, 'license-' || n / 8, n % 8, gen_random_uuid(), 'ActivationRecorded', true,
       convert_to(json_build_object('text', repeat('x', ${bytesPerEvent}))::text, 'UTF8'), '{}', 17000000000000000 + n
     from generate_series(0, $1::bigint - 1) as n`,
    [count],
  );
  await db.end();
};

test.skipIf(process.platform !== 'linux')(
  'The memory of the event store stays flat while a reader passes the whole log',
  {
    timeout: longMs,
  },
  async () => {
    expect((count * bytesPerEvent) / 1024 / 1024).toBeGreaterThan(1.5 * grownMbMax);
    const database = await createDatabase();
    const start = async () => {
      const child = fork(eventStoreProgram, [], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
      child.send({ access: 'INSECURE', databaseUrl: database.url, host: '127.0.0.1', port: 0 });
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      return { child, port };
    };
    const stop = async ({ child }: Awaited<ReturnType<typeof start>>) => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    // The first start creates the tables.
    await stop(await start());
    await fill(database.url);
    const store = await start();
    const client = connect(store.port);
    try {
      const read = async (maxCount: number) => {
        let received = 0;
        for await (const { event } of client.readAll({ maxCount })) if (event) received += 1;
        return received;
      };
      expect(await read(5_000)).toBe(5_000);
      const before = peakMb(store.child.pid);
      expect(await read(count)).toBe(count);
      expect(peakMb(store.child.pid) - before).toBeLessThan(grownMbMax);
    } finally {
      await client.dispose();
      await stop(store);
      await database.drop();
    }
  },
);
