// Runs the projector alone until told to stop, for tests that kill it: small batches, so that there is much to interrupt.
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { createPool } from '../../src/projections/connect.ts';
import { runProjector } from '../../src/projections/run-projector.ts';

const [databaseUrl = '', eventStoreUrl = '', batchMax = '5'] = process.argv.slice(2);

const line = (fields: object, message: string) => console.error(message, JSON.stringify(fields));
const log = { info: line, warn: line, error: line };
const stopping = new AbortController();
const pool = createPool({ url: databaseUrl, role: 'ledger_projector', max: 3, log });
const store = connectEventStore({ url: eventStoreUrl });
const projector = runProjector({
  ...{ store, pool, log, signal: stopping.signal, batchMax: Number(batchMax), backoffMs: () => 20 },
});
process.once('SIGTERM', () => {
  stopping.abort();
  void projector.done
    .then(() => store.close())
    .then(() => pool.end())
    .then(() => process.exit(0));
});
console.log(JSON.stringify({ pid: process.pid }));
