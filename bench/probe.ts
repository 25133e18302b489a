import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Seeded } from './http.ts';

/** The latencies of one kind of request, in milliseconds. `notOk`: answers that were no success. */
export type Probed = { readonly p95: number; readonly notOk: number };

/** The latencies of a quiet organization. */
export type Probes = { readonly reads: Probed; readonly activations: Probed };

const betweenReadsMs = 30;
const betweenActivationsMs = 60;

/** Reads and activates licenses of a quiet organization, each one request at a time with a pause after its answer. */
export const probe = async ({
  url,
  apiKey,
  licenses: [license],
  seconds,
}: Seeded & { readonly url: string; readonly seconds: number }): Promise<Probes> => {
  const endMs = performance.now() + seconds * 1_000;
  const read = { headers: { authorization: `Bearer ${apiKey}` } };
  const activation = () => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ licenseKey: license?.key, product: 'local_cli', fingerprint: `device-${randomUUID()}` }),
  });
  const [reads, activations] = await Promise.all([
    oneByOne(() => fetch(`${url}/v1/licenses/${license?.id}`, read), { endMs, pauseMs: betweenReadsMs }),
    oneByOne(() => fetch(`${url}/v1/licenses/activate`, activation()), { endMs, pauseMs: betweenActivationsMs }),
  ]);
  return { reads, activations };
};

const oneByOne = async (
  send: () => Promise<Response>,
  { endMs, pauseMs }: { readonly endMs: number; readonly pauseMs: number },
): Promise<Probed> => {
  const latencies: number[] = [];
  let notOk = 0;
  while (performance.now() < endMs) {
    const startedMs = performance.now();
    const response = await send();
    await response.arrayBuffer();
    latencies.push(performance.now() - startedMs);
    if (!response.ok) notOk += 1;
    await delay(pauseMs);
  }
  latencies.sort((a, b) => a - b);
  return { p95: latencies[Math.floor(latencies.length * 0.95)] ?? 0, notOk };
};
