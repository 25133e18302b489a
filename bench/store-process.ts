import type * as Server from '../src/embedded/eventstore/server.ts';

/** What the process uses: microseconds of processor time since it started, and bytes of resident memory now. */
export type StoreUse = { readonly cpuMicros: number; readonly residentBytes: number };

// The program of an event store in its own process, compiled as users run it. It answers every message after the first
// one with what it uses.
process.once('message', async ({ databaseUrl }: { databaseUrl: string }) => {
  const compiled = new URL('../dist/embedded/eventstore/server.js', import.meta.url).href;
  const { startEventStore }: typeof Server = await import(compiled);
  const server = await startEventStore({ databaseUrl, port: 0 });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, residentBytes: process.memoryUsage.rss() } satisfies StoreUse);
  });
  process.send?.({ port: server.port });
});
process.on('disconnect', () => process.exit());
