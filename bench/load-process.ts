import { createRequire } from 'node:module';
import type { Load, LoadResult } from './load.ts';

type Outcome = {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly non2xx: number;
  readonly errors: number;
};
const autocannon = createRequire(import.meta.url)('autocannon') as (options: object) => Promise<Outcome>;

process.once('message', async (load: Load) => {
  const { requests, latency, non2xx, errors } = await autocannon({
    url: load.url,
    connections: load.connections,
    duration: load.seconds,
    idReplacement: true,
    ...(load.rate && { overallRate: load.rate }),
    requests: load.bodies.map((body) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...load.headers },
      body,
    })),
  });
  const result: LoadResult = {
    perSecond: requests.average,
    p50: latency.p50,
    p99: latency.p99,
    notOk: non2xx + errors,
  };
  process.send?.(result);
});
