import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startStack } from '../src/embedded/stack.ts';
import type { Figures } from './bench.ts';
import { seed, startApp } from './http.ts';
import { createVendors, makeLedger } from './ledgers.ts';
import { generate } from './load.ts';
import type { StreamOptions } from './stream-process.ts';

const perOrganization = 20;
const commitsPerSecond = 100;

/**
 * Measures the p95 of another tenant's reads while event streams are open and idle and a third tenant commits 100
 * changes a second. It is divided by the p95 on the idle server, and by the p95 with the same commits and no streams.
 */
export const streamFigures: Figures = {
  ids: ['streams'],
  measure: async (bench) => {
    const organizations = bench.rounds === 1 ? 5 : 50;
    const { dataDir, secret, apiKey } = await makeLedger(0, bench.say);
    const stack = await startStack({ dataDir });
    const [reader, ...others] = await createVendors(stack, secret, organizations + 1);
    const app = await startApp({ variant: 'product', ...stack, secret });
    const streams = fork(fileURLToPath(new URL('./stream-process.ts', import.meta.url)));
    try {
      const writing = await seed(app.url, apiKey, 64);
      const reading = await seed(app.url, reader?.apiKey ?? '', 16);
      const bodies = writing.licenses.map(({ key }) =>
        JSON.stringify({ licenseKey: key, product: 'local_cli', fingerprint: 'device-[<id>]' }),
      );
      const seconds = bench.seconds * 2;
      const commit = { url: `${app.url}/v1/licenses/activate`, bodies, connections: 16, rate: commitsPerSecond };
      const p95 = () => p95OfReads(app.url, reading, seconds);
      const whileCommitting = async () => {
        const [result, load] = await Promise.all([p95(), generate({ ...commit, seconds })]);
        if (load.notOk > 0) throw new Error(`${load.notOk} activations were refused.`);
        return { p95: result, commits: load.perSecond };
      };
      await whileCommitting();
      const quiet = await p95();
      const committing = await whileCommitting();
      bench.say(`opening ${organizations * perOrganization} streams`);
      await openStreams(streams, { url: app.url, keys: others.map((other) => other.apiKey), perOrganization });
      const streaming = await whileCommitting();
      const figures = `${streaming.p95.toFixed(1)} / ${quiet.toFixed(1)} / ${committing.p95.toFixed(1)} ms`;
      const madeOf = `${figures}, ${streaming.commits.toFixed(0)} commits a second`;
      const what = `p95 of another tenant's reads with ${organizations * perOrganization} idle streams and commits`;
      return [
        ['streams', `${what} / idle server`, (streaming.p95 / quiet).toFixed(2), '<= 1.50', madeOf],
        ['streams', `${what} / commits only`, (streaming.p95 / committing.p95).toFixed(2), '', madeOf],
      ];
    } finally {
      streams.disconnect();
      app.process.disconnect();
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

const openStreams = async (streams: ChildProcess, options: StreamOptions): Promise<void> => {
  streams.send(options);
  const [{ open }] = (await once(streams, 'message')) as [{ open: number }];
  const expected = options.keys.length * options.perOrganization;
  if (open !== expected) throw new Error(`Only ${open} of ${expected} streams were opened.`);
};

/** Reads licenses one after the other, and returns the 95th percentile of the times in milliseconds. */
const p95OfReads = async (
  url: string,
  { apiKey, licenses }: Awaited<ReturnType<typeof seed>>,
  seconds: number,
): Promise<number> => {
  const times: number[] = [];
  const until = performance.now() + seconds * 1_000;
  for (let index = 0; performance.now() < until; index++) {
    const startedAt = performance.now();
    const id = licenses[index % licenses.length]?.id;
    const response = await fetch(`${url}/v1/licenses/${id}`, { headers: { authorization: `Bearer ${apiKey}` } });
    await response.text();
    if (response.status !== 200) throw new Error(`A read was answered ${response.status}.`);
    times.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
};
