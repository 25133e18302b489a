// Runs one rebuild, for tests that end it in the middle: says its phase as a JSON line when that begins, then the result.
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { rebuild } from '../../src/projections/rebuild/rebuild.ts';

const [databaseUrl = '', eventStoreUrl = '', settleMs = '0'] = process.argv.slice(2);

const log = { info: () => {}, warn: () => {}, error: () => {} };
const store = connectEventStore({ url: eventStoreUrl });
let phase = '';
const rebuilt = await rebuild({
  ...{ store, databaseUrl, projectorUrl: databaseUrl, log, settleMs: Number(settleMs) },
  signal: new AbortController().signal,
  onProgress: (progress) => {
    if (progress.phase === phase) return;
    phase = progress.phase;
    console.log(JSON.stringify({ phase }));
  },
});
console.log(JSON.stringify(rebuilt));
await store.close();
