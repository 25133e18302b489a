// Runs a notary alone until told to stop, for tests that kill it.
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { checkpointCopies } from '../../src/notary/checkpoint-copies.ts';
import { startNotary } from '../../src/notary/notary.ts';
import { createPool } from '../../src/projections/connect.ts';
import { readModelsFault } from '../../src/projections/level.ts';
import { readableVersion } from '../../src/projections/versions.ts';

const [databaseUrl = '', eventStoreUrl = '', keysDirectory = '', copies = ''] = process.argv.slice(2);

const line = (fields: object, message: string) => console.error(message, JSON.stringify(fields));
const log = { info: line, warn: line, error: line };
const pool = createPool({ url: databaseUrl, role: 'ledger_worker', max: 4, log });
const store = connectEventStore({ url: eventStoreUrl });
const notary = startNotary({
  ...{ pool, store, executor: createExecutor({ store }), keysDirectory, copies: checkpointCopies(copies) },
  installation: 'ledger.example',
  now: () => new Date(),
  note: (sentence) => console.error(sentence),
  readable: async () => ((await readModelsFault(pool)) === null ? readableVersion(pool) : null),
  log,
});
process.once('SIGTERM', () => {
  void notary
    .stop()
    .then(() => store.close())
    .then(() => pool.end())
    .then(() => process.exit(0));
});
console.log(JSON.stringify({ pid: process.pid }));
