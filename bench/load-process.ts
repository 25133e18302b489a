import { createRequire } from 'node:module';
import type { Load, LoadResult } from './load.ts';
import { steadily } from './steady.ts';

type Outcome = {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly non2xx: number;
  readonly errors: number;
};
const autocannon = createRequire(import.meta.url)('autocannon') as (options: object) => Promise<Outcome>;

process.once('message', async (load: Load) => {
  process.send?.(load.rate === undefined ? await asFastAsAnswered(load) : await steadily(load, load.rate));
});

// Each connection has its own bodies. With the same bodies, all connections would validate the same license at once.
const asFastAsAnswered = async (load: Load): Promise<LoadResult> => {
  let connected = 0;
  const requestsOf = (connection: number) =>
    load.bodies
      .filter((_, place) => place % Math.min(load.connections, load.bodies.length) === connection % load.bodies.length)
      .map((body) => ({
        method: load.method ?? 'POST',
        headers: { 'content-type': 'application/json', ...load.headers },
        body,
      }));
  const { requests, latency, non2xx, errors } = await autocannon({
    url: load.url,
    connections: load.connections,
    duration: load.seconds,
    idReplacement: load.bodies.some((body) => body.includes('[<id>]')),
    requests: requestsOf(0),
    setupClient: (client: { setRequests(requests: object[]): void }) => client.setRequests(requestsOf(connected++)),
  });
  return { perSecond: requests.average, p50: latency.p50, p99: latency.p99, notOk: non2xx + errors };
};
