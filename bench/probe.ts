import { randomUUID } from 'node:crypto';
import type { Seeded } from './http.ts';
import { type SteadyResult, steadily } from './steady.ts';

/** The latencies of a quiet organization. */
export type Probes = { readonly reads: SteadyResult; readonly activations: SteadyResult };

const readsPerSecond = 20;
const activationsPerSecond = 10;

/** Reads and activates licenses of a quiet organization at a small steady rate. */
export const probe = async ({
  url,
  apiKey,
  licenses,
  seconds,
}: Seeded & { readonly url: string; readonly seconds: number }): Promise<Probes> => {
  const activations = Array.from({ length: activationsPerSecond * seconds }, (_, index) => {
    const licenseKey = licenses[index % licenses.length]?.key;
    return JSON.stringify({ licenseKey, product: 'local_cli', fingerprint: `device-${randomUUID()}` });
  });
  const shared = { connections: 32, seconds };
  const [reads, activated] = await Promise.all([
    steadily(
      {
        ...shared,
        url: `${url}/v1/licenses/${licenses[0]?.id}`,
        method: 'GET',
        headers: { authorization: `Bearer ${apiKey}` },
        bodies: [''],
      },
      readsPerSecond,
    ),
    steadily({ ...shared, url: `${url}/v1/licenses/activate`, bodies: activations }, activationsPerSecond),
  ]);
  return { reads, activations: activated };
};
