import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startStack } from '../src/embedded/stack.ts';
import type { Figures } from './bench.ts';
import type { EndingOptions } from './ending-process.ts';
import { startApp } from './http.ts';
import { makeLedger } from './ledgers.ts';
import { measureLag } from './projection.ts';

/** Measures the lag of other tenants' events while a license with many devices is revoked and its end announced. */
export const endingFigures: Figures = {
  ids: ['endings'],
  measure: async (bench) => {
    const devices = Math.min(bench.licenses.large, devicesMax);
    const { dataDir, secret, vendor } = await makeLedger(bench.licenses.small, bench.say);
    const stack = await startStack({ dataDir });
    const app = await startApp({ variant: 'product', ...stack, secret, roles: ['projector'] });
    const other = fork(fileURLToPath(new URL('./ending-process.ts', import.meta.url)));
    try {
      bench.say(`activating ${devices} devices`);
      const options: EndingOptions = { eventStoreUrl: stack.eventStoreUrl, devices };
      other.send(options);
      await once(other, 'message');
      const lag = (round: number, begin = () => {}) =>
        measureLag(
          { stack, vendor },
          { firstIndex: bench.licenses.small + round * 1_000_000, seconds: bench.seconds * 4, begin },
        );
      await lag(0);
      const before = await lag(1);
      const ended = once(other, 'message');
      const meanwhile = await lag(2, () => void other.send('end'));
      const [{ seconds }] = (await ended) as [{ seconds: number }];
      const madeOf = `${meanwhile.p99.toFixed(0)} / ${before.p99.toFixed(0)} ms, announced in ${seconds.toFixed(1)} s`;
      const what = `p99 of the lag of others while ${devices} devices are ended / before`;
      return [['endings', what, (meanwhile.p99 / before.p99).toFixed(2), '<= 2.00', madeOf]];
    } finally {
      other.disconnect();
      app.process.disconnect();
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

const devicesMax = 100_000;
