import { rm } from 'node:fs/promises';
import { startStack } from '../src/embedded/stack.ts';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { type App, type Seeded, seed, startApp } from './http.ts';
import { makeLedger } from './ledgers.ts';
import { generate, type Load } from './load.ts';
import { type Probed, type Probes, probe } from './probe.ts';

/**
 * Measures what one organization does to another one. A noisy organization sends as fast as it is answered. Meanwhile
 * a quiet one reads and activates a few times a second. The figure is its p95 meanwhile, divided by its p95 before.
 */
export const neighbourFigures: Figures = {
  ids: ['neighbours'],
  measure: async (bench) => {
    const { dataDir, secret, apiKey } = await makeLedger(bench.licenses.small, bench.say);
    const stack = await startStack({ dataDir });
    const app = await startApp({ variant: 'product', ...stack, secret });
    try {
      const limits = { activations: 1_000_000, meters: { calls: 1_000_000_000 } };
      const noisy = await seed(app.url, apiKey, bench.licenses.few, limits);
      const quiet = await seed(app.url, await signUp(app), quietLicenses);
      const seconds = bench.seconds * 2;
      const measure = () => probe({ url: app.url, ...quiet, seconds });
      bench.say('warming up');
      await measure();
      const rows: Row[] = [];
      for (const storm of storms(app, noisy)) rows.push(...(await measureStorm(bench, storm, measure)));
      return rows;
    } finally {
      app.process.disconnect();
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

const quietLicenses = 16;

/** A load of the noisy organization, and how much slower the quiet one may become. */
type Storm = { readonly name: string; readonly goal: number; readonly load: Omit<Load, 'seconds'> };

const storms = ({ url }: App, { apiKey, licenses }: Seeded): readonly Storm[] => {
  const headers = { authorization: `Bearer ${apiKey}` };
  const byKey = (fields: object) => licenses.map(({ key }) => JSON.stringify({ licenseKey: key, ...fields }));
  const product = 'local_cli';
  return [
    {
      name: 'activations on 64 connections',
      goal: 4,
      load: {
        url: `${url}/v1/licenses/activate`,
        bodies: byKey({ product, fingerprint: 'device-[<id>]' }),
        connections: 64,
      },
    },
    {
      name: '400 PATCHes at a time',
      goal: 2,
      load: {
        url: `${url}/v1/licenses/${licenses[0]?.id}`,
        method: 'PATCH',
        headers,
        bodies: ['{"metadata":{"build":"[<id>]"}}'],
        connections: 400,
      },
    },
    {
      name: 'lists on 64 connections',
      goal: 2,
      load: { url: `${url}/v1/licenses?limit=100`, method: 'GET', headers, bodies: [''], connections: 64 },
    },
    {
      name: 'usage on 64 connections',
      goal: 2,
      load: {
        url: `${url}/v1/licenses/usage`,
        bodies: byKey({ meter: 'calls', quantity: 1 }),
        connections: 64,
      },
    },
    {
      name: 'wrong logins on 64 connections',
      goal: 2,
      load: {
        url: `${url}/v1/auth/login`,
        bodies: ['{"email":"[<id>]@bench.example","password":"seven tall blue pears"}'],
        connections: 64,
      },
    },
  ];
};

const measureStorm = async (
  bench: Bench,
  { name, goal, load }: Storm,
  measure: () => Promise<Probes>,
): Promise<readonly Row[]> => {
  bench.say(name);
  const before = await measure();
  // The storm begins before the measurement and ends after it.
  const storm = generate({ ...load, seconds: bench.seconds * 2 + 3 });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const during = await measure();
  const noisy = await storm;
  const row = (what: string, [one, other]: readonly [Probed, Probed]): Row => [
    'neighbours',
    `${name}: p95 of another’s ${what}, during / before`,
    (one.p95 / other.p95).toFixed(2),
    `<= ${goal.toFixed(2)}`,
    `${one.p95.toFixed(1)} / ${other.p95.toFixed(1)} ms, ${one.notOk} refused; ${whole(noisy.perSecond)} a second, ${noisy.notOk} refused`,
  ];
  return [row('reads', [during.reads, before.reads]), row('activations', [during.activations, before.activations])];
};

/** Signs up a user with a new organization. Returns the access token. */
const signUp = async ({ url }: App): Promise<string> => {
  const response = await fetch(new URL('/v1/auth/signup', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: `${crypto.randomUUID()}@bench.example`,
      password: 'four small green apples',
      organizationName: 'Quiet',
    }),
  });
  if (response.status !== 201) throw new Error(`The signup was answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { accessToken: string }).accessToken;
};
