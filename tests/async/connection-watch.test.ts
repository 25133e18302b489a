import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { organizationAggregate } from '../../src/aggregates/aggregates.ts';
import { mayWaitWithConnection, WaitsWithConnection } from '../../src/async/connection-watch.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { asUser } from '../../src/identity/as-user.ts';
import { createPasswords } from '../../src/identity/passwords.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { context } from '../support/commands.ts';
import { reported } from '../support/connection-reports.ts';
import { startStore } from '../support/event-store.ts';
import { testId, vendor } from '../support/license-fixtures.ts';
import { createReadModels } from '../support/read-models.ts';

let running: Awaited<ReturnType<typeof startStore>>;
let models: Awaited<ReturnType<typeof createReadModels>>;
let store: ReturnType<typeof running.connect>;
let executor: ReturnType<typeof createExecutor>;
const passwords = createPasswords();
beforeAll(async () => {
  [running, models] = await Promise.all([startStore(), createReadModels()]);
  store = running.connect();
  executor = createExecutor({ store });
});
afterAll(async () => {
  await running.stop();
  await models.drop();
});

const readStream = () => executor.read(organizationAggregate, vendor, () => 'read');
/** The work of another module, some turns of the event loop later. */
const later = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  await new Promise((resolve) => setImmediate(resolve));
  return work();
};

describe('A transaction must not wait for anything but its connection:', () => {
  const refused: Readonly<Record<string, () => Promise<unknown>>> = {
    'a read by the executor': readStream,
    'a command': () =>
      executor.execute(organizationAggregate, vendor, () => [], { context: context(), view: () => null }),
    'a read of the event store': () => store.read('license-1'),
    'a read backwards': () => store.readBackwards('license-1', 'end', 1),
    'an append': () => store.append('license-1', [], 'no_stream', { timeoutMs: 1_000 }),
    'a read of the log': () => store.head({ timeoutMs: 1_000 }),
    'a second connection': () => asTenant(models.api, vendor, async () => undefined),
    'a password to hash': () => passwords.hash('four small green apples'),
  };
  const transactions: Readonly<Record<string, (work: () => Promise<unknown>) => Promise<unknown>>> = {
    'of an organization': (work) => asTenant(models.api, vendor, work),
    'of a user': (work) => asUser(models.api, testId('usr', 'one'), work),
    'of a worker': (work) => transaction(models.worker, 'begin', work),
  };
  test.each(Object.keys(refused))('%s is refused', async (name) => {
    for (const run of Object.values(transactions)) {
      await expect(run(() => later(refused[name] ?? readStream))).rejects.toThrow(WaitsWithConnection);
    }
    expect(reported.splice(0)).toHaveLength(3);
  });

  test('a test whose code hides the error is told of it too', async () => {
    await asTenant(models.api, vendor, () => readStream().catch(() => 'hidden'));
    expect(reported.splice(0)).toMatchObject([{ name: 'WaitsWithConnection' }]);
  });
});

test('Work before, after and next to a transaction may wait', async () => {
  const next = () => asTenant(models.api, vendor, (db) => later(() => db.query('select 1')));
  await Promise.all([next(), later(readStream), readStream()]);
  expect(await readStream()).toBe('read');
  await next();
  expect(await store.head({ timeoutMs: 1_000 })).toBeNull();
});

test('Work whose connection serves no request may wait', async () => {
  const read = () => mayWaitWithConnection(() => store.read('license-1'));
  expect(await transaction(models.projector, 'begin', read)).toMatchObject({ events: [] });
});
