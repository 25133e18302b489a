import { startStack } from '../src/embedded/stack.ts';
import { type Figures, whole } from './bench.ts';
import { startApp } from './http.ts';

const password = 'four small green apples';

/**
 * Measures X6: the time of a refused login for a known and for an unknown address, one at a time and in turn. An
 * attacker who can tell them apart knows who has an account.
 */
export const loginFigures: Figures = {
  ids: ['X6'],
  measure: async (bench) => {
    const { dataDir, secret } = await bench.ledgerWith(bench.licenses.few);
    const stack = await startStack({ dataDir });
    const app = await startApp({ variant: 'product', ...stack, secret, roles: ['api'] });
    try {
      const post = async (what: string, body: object): Promise<number> => {
        const response = await fetch(new URL(`/v1/auth/${what}`, app.url), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        await response.text();
        return response.status;
      };
      const email = `${crypto.randomUUID()}@bench.example`;
      if ((await post('signup', { email, password })) !== 201) throw new Error('The signup failed.');
      const timeOf = async (address: string): Promise<number> => {
        const startedMs = performance.now();
        const status = await post('login', { email: address, password: 'seven tall blue pears' });
        if (status !== 401) throw new Error(`A wrong login was answered ${status}.`);
        return performance.now() - startedMs;
      };
      const known: number[] = [];
      const unknown: number[] = [];
      const count = bench.rounds === 1 ? 50 : 500;
      for (let round = 0; round < count; round++) {
        const nobodys = `${crypto.randomUUID()}@bench.example`;
        // The order alternates, so that caches favour neither of them.
        if (round % 2 === 0) known.push(await timeOf(email));
        unknown.push(await timeOf(nobodys));
        if (round % 2 === 1) known.push(await timeOf(email));
      }
      const [one, other] = [withoutOutliers(known), withoutOutliers(unknown)];
      const t = Math.abs(welch(one, other));
      const madeOf = `${mean(one).toFixed(2)} / ${mean(other).toFixed(2)} ms, ${whole(count)} each`;
      return [
        [
          'X6',
          'time of a wrong login, known / unknown address',
          (mean(one) / mean(other)).toFixed(3),
          '0.95–1.05',
          madeOf,
        ],
        ['X6', 'the same, as Welch’s t', t.toFixed(2), '< 4.5', madeOf],
      ];
    } finally {
      app.process.disconnect();
      await stack.stop();
    }
  },
};

/** Returns the times without the slowest tenth, which other work of the machine causes. */
const withoutOutliers = (times: readonly number[]): readonly number[] =>
  times.toSorted((a, b) => a - b).slice(0, Math.ceil(times.length * 0.9));

const mean = (times: readonly number[]): number => times.reduce((sum, time) => sum + time, 0) / times.length;

const variance = (times: readonly number[]): number => {
  const middle = mean(times);
  return times.reduce((sum, time) => sum + (time - middle) ** 2, 0) / (times.length - 1);
};

const welch = (one: readonly number[], other: readonly number[]): number =>
  (mean(one) - mean(other)) / Math.sqrt(variance(one) / one.length + variance(other) / other.length);
