import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { condition, type Product, processesOf, startProduct } from '../support/product.ts';
import { sampled, sized } from '../support/size.ts';

// One organization floods a process. Another one, which sends a request at a time, gets every answer. How fast it gets
// them is measured in bench/neighbours.ts.

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-neighbours-'));
const env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'error' };
let product: Product;
let quiet: Vendor;
let noisy: Vendor;

beforeAll(async () => {
  await copyProductData(dataDir);
  product = await startProduct(env);
  const { baseUrl, apiKey } = product.demo;
  noisy = await vendorWith(baseUrl, apiKey);
  const user = { email: 'quiet@example.com', password: 'four small green apples', organizationName: 'Quiet' };
  const { body } = await send({ url: `${baseUrl}/v1/auth/signup`, body: user });
  quiet = await vendorWith(baseUrl, (body as { accessToken: string }).accessToken);
});

afterAll(async () => {
  product.process.kill('SIGTERM');
  await product.ended;
  await condition('no process is left behind', () => processesOf(dataDir).length === 0);
  rmSync(dataDir, { recursive: true, force: true });
});

/** An organization with a credential and a license. */
type Vendor = {
  readonly baseUrl: string;
  readonly credential: string;
  readonly licenseId: string;
  readonly licenseKey: string;
};

type Sent = { readonly url: string; readonly method?: string; readonly credential?: string; readonly body?: object };
type Answered = { readonly status: number; readonly body: unknown };

const send = async ({ url, method = 'POST', credential, body }: Sent): Promise<Answered> => {
  const headers = {
    ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
};

const vendorWith = async (baseUrl: string, credential: string): Promise<Vendor> => {
  const limits = { activations: 1_000_000, meters: { calls: 1_000_000_000 } };
  const body = { tier: 'PRO', products: ['local_cli'], limits };
  const issued = await send({ url: `${baseUrl}/v1/licenses`, credential, body });
  const { license, licenseKey } = issued.body as { license: { id: string }; licenseKey: string };
  return { baseUrl, credential, licenseId: license.id, licenseKey };
};

let fingerprints = 0;
const activation = ({ baseUrl, licenseKey }: Vendor): Sent => {
  fingerprints += 1;
  const body = { licenseKey, product: 'local_cli', fingerprint: `device-${fingerprints}` };
  return { url: `${baseUrl}/v1/licenses/activate`, body };
};
const reading = ({ baseUrl, credential, licenseId }: Vendor): Sent => ({
  url: `${baseUrl}/v1/licenses/${licenseId}`,
  method: 'GET',
  credential,
});

/** Sends requests of a storm on so many connections until there were `total`, and returns the statuses of the answers. */
const flood = async (total: number, connections: number, request: () => Sent): Promise<ReadonlySet<number>> => {
  const statuses = new Set<number>();
  let left = total;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      statuses.add((await send(request())).status);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return statuses;
};

/** Reads and activates, one request at a time, until the storm is over. Returns the statuses of the answers. */
const useMeanwhile = async (storm: Promise<unknown>): Promise<readonly number[]> => {
  let isOver = false;
  void storm.finally(() => {
    isOver = true;
  });
  const statuses: number[] = [];
  while (!isOver)
    for (const request of [reading(quiet), activation(quiet)]) statuses.push((await send(request)).status);
  return statuses;
};

const storms = [
  { storm: 'activations', total: sized(4_000), connections: 64, request: () => activation(noisy), answers: [201, 429] },
  {
    storm: 'changes of one license',
    total: sized(8_000),
    connections: 400,
    request: (): Sent => {
      fingerprints += 1;
      return { ...reading(noisy), method: 'PATCH', body: { metadata: { build: String(fingerprints) } } };
    },
    // Several hundred at a time are more than the share of a tenant.
    answers: [200, 409, 429, 503],
  },
  {
    storm: 'lists',
    total: sized(2_000),
    connections: 64,
    request: (): Sent => ({
      ...reading(noisy),
      url: `${noisy.baseUrl}/v1/licenses?limit=100`,
    }),
    answers: [200, 429],
  },
  {
    storm: 'usage',
    total: sized(4_000),
    connections: 64,
    request: (): Sent => ({
      url: `${noisy.baseUrl}/v1/licenses/usage`,
      body: { licenseKey: noisy.licenseKey, meter: 'calls', quantity: 1 },
    }),
    answers: [200, 201, 429],
  },
  {
    storm: 'wrong logins',
    total: sized(1_200),
    connections: 64,
    request: (): Sent => ({
      url: `${noisy.baseUrl}/v1/auth/login`,
      body: { email: `${fingerprints++}@example.com`, password: 'seven tall blue pears' },
    }),
    answers: [401, 429, 503],
  },
];
test.each(sampled(storms, 3))(
  'A quiet organization gets all its answers during a storm of $storm',
  async ({ total, connections, request, answers }) => {
    const storm = flood(total, connections, request);
    const statuses = await useMeanwhile(storm);
    expect([...(await storm)].filter((status) => !answers.includes(status))).toEqual([]);
    expect(statuses.length).toBeGreaterThan(1);
    expect(statuses.filter((status) => status !== 200 && status !== 201)).toEqual([]);
  },
);
