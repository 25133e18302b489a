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

const asFastAsAnswered = async (load: Load): Promise<LoadResult> => {
  const { requests, latency, non2xx, errors } = await autocannon({
    url: load.url,
    connections: load.connections,
    duration: load.seconds,
    idReplacement: true,
    requests: load.bodies.map((body) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...load.headers },
      body,
    })),
  });
  return { perSecond: requests.average, p50: latency.p50, p99: latency.p99, notOk: non2xx + errors };
};
