import type * as Server from '../src/embedded/eventstore/server.ts';
import { compiled } from '../tests/support/compiled.ts';

/** What the process uses: microseconds of processor time since it started, and bytes of resident memory now. */
export type StoreUse = { readonly cpuMicros: number; readonly residentBytes: number };

// The program of an event store in its own process, compiled, without the bundler. It answers every message after the first
// one with what it uses.
process.once('message', async ({ databaseUrl }: { databaseUrl: string }) => {
  const { startEventStore }: typeof Server = await import(compiled('src/embedded/eventstore/server.ts'));
  const server = await startEventStore({ access: 'INSECURE', databaseUrl, port: 0 });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, residentBytes: process.memoryUsage.rss() } satisfies StoreUse);
  });
  process.send?.({ port: server.port });
});
process.on('disconnect', () => process.exit());
