import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AppOptions, Variant } from './app-process.ts';
import { generate } from './load.ts';
import { interleaved, rateOf } from './rounds.ts';

export type App = { readonly url: string; readonly process: ChildProcess };
export type Seeded = {
  readonly apiKey: string;
  readonly licenses: readonly { readonly id: string; readonly key: string }[];
};

const fingerprint = 'bench-device';
const connections = 64;

/** Starts a server of the benchmark in its own process. */
export const startApp = async (options: AppOptions): Promise<App> => {
  const child = fork(fileURLToPath(new URL('./app-process.ts', import.meta.url)));
  child.send(options);
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { url, process: child };
};

/** Issues licenses with high limits and activates one device on each of them. */
export const seed = async (
  url: string,
  apiKey: string,
  count: number,
  limits: object = { activations: 1_000_000 },
): Promise<Seeded> => {
  const post = async (path: string, body: object, after?: string): Promise<Posted> => {
    const headers = {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      ...(after === undefined ? {} : { 'ledger-min-position': after }),
    };
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as Posted & { readonly code?: string };
    // On a busy machine the projector may need longer than the server waits.
    if (answer.code === 'NOT_PROJECTED_YET') return post(path, body, after);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return { ...answer, position: response.headers.get('ledger-position') ?? '' };
  };
  const licenses: { id: string; key: string }[] = [];
  await rateOf(count, 16, async () => {
    const { license, licenseKey, position } = await post('/v1/licenses', {
      tier: 'PRO',
      products: ['local_cli'],
      limits,
    });
    await post('/v1/licenses/activate', { licenseKey, product: 'local_cli', fingerprint }, position);
    licenses.push({ id: license.id, key: licenseKey });
  });
  return { apiKey, licenses };
};

type Posted = { readonly license: { readonly id: string }; readonly licenseKey: string; readonly position: string };

type Apps = Readonly<Record<Variant, App>>;

/** Measures P1 and P3: requests per second of the variants, and the latency of the product at 1,000 a second. */
export const measureValidate = async (apps: Apps, { licenses }: Seeded, rounds: number, seconds: number) => {
  const bodies = licenses.map(({ key }) => JSON.stringify({ licenseKey: key, product: 'local_cli', fingerprint }));
  const load = (app: App) => ({ url: `${app.url}/v1/licenses/validate`, bodies, connections, seconds });
  const rate = (app: App) => async () => {
    const { perSecond, notOk } = await generate(load(app));
    if (notOk > 0) throw new Error(`${notOk} answers of ${app.url} were not 200`);
    return perSecond;
  };
  await generate({ ...load(apps.product), seconds: 2 });
  const best = await interleaved(rounds, {
    product: rate(apps.product),
    constant: rate(apps.constant),
    plain: rate(apps.plain),
    floor: rate(apps.floor),
    naive: rate(apps.naive),
  });
  const steady = await generate({ ...load(apps.product), rate: 1_000 });
  return { ...best, steady };
};

/** Measures P6: activations of new devices, 64 at once. `async` does not wait for the projection. */
export const measureCommands = async (app: App, { licenses }: Seeded, rounds: number, seconds: number) => {
  const bodies = licenses.map(({ key }) =>
    JSON.stringify({ licenseKey: key, product: 'local_cli', fingerprint: 'device-[<id>]' }),
  );
  const rate = (headers: Record<string, string>) => async () => {
    const load = { url: `${app.url}/v1/licenses/activate`, bodies, headers, connections, seconds };
    const { perSecond, notOk } = await generate(load);
    if (notOk > 0) throw new Error(`${notOk} activations were refused`);
    return perSecond;
  };
  return interleaved(rounds, { waited: rate({}), async: rate({ prefer: 'respond-async' }) });
};
