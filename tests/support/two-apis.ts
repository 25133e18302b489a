import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { createDatabase, type TestDatabase } from './database.ts';
import { runLedger, type Started, startLedgerProcess } from './product.ts';
import { type ReplacedStore, type StoreLine, startReplacedStore } from './replaced-store.ts';
import { createVendor } from './vendor.ts';

/** Two API processes and one of projector and worker, with an event store that is replaced when it ends. */
export type TwoApis = {
  readonly store: ReplacedStore;
  /** Each API process with its own connection to the event store. */
  readonly apis: readonly [Api, Api];
  /** An API key of each tenant. */
  readonly keys: readonly [string, string, string];
  readonly storeUrl: string;
  readonly verify: () => ReturnType<typeof runLedger>;
  readonly stop: () => Promise<readonly (number | string)[]>;
};

export type Api = { readonly baseUrl: string; readonly line: StoreLine };

/** Starts them in this directory, with three tenants. */
export const startTwoApis = async (folder: string): Promise<TwoApis> => {
  const store = await startReplacedStore(folder);
  const processes: Started[] = [];
  let database: TestDatabase | null = null;
  const stop = async () => {
    const codes = processes.map(({ process: child, ended }) => {
      child.kill('SIGTERM');
      return ended;
    });
    const ends = await Promise.all(codes);
    await store.stop();
    await database?.drop();
    return ends;
  };
  // What was started ends, also when another part does not start.
  try {
    database = await createDatabase();
    return { ...(await startOn({ folder, database, store, processes })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

type Parts = {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly store: ReplacedStore;
  /** Gets each process as soon as it has started. */
  readonly processes: Started[];
};

const startOn = async ({ folder, database, store, processes }: Parts): Promise<Omit<TwoApis, 'stop'>> => {
  const secret = randomBytes(32).toString('base64');
  const envOf = (storeUrl: string) => ({
    DATABASE_URL: database.url,
    EVENTSTORE_URL: storeUrl,
    LEDGER_SECRET: secret,
    LEDGER_DATA_DIR: path.join(folder, 'unused'),
    LEDGER_ENV_FILE: 'none',
    // Tests say where a client is.
    TRUST_PROXY: '1',
  });
  const start = async (roles: string, storeUrl: string): Promise<Started> => {
    const started = await startLedgerProcess(['--roles', roles], envOf(storeUrl));
    processes.push(started);
    return started;
  };
  const startApi = async (): Promise<Api> => {
    const line = await store.openLine();
    return { baseUrl: (await start('api', line.url)).url, line };
  };
  const storeUrl = store.discoverUrl;
  await start('projector,worker', storeUrl);
  const apis = [await startApi(), await startApi()] as const;
  const vendor = () => createVendor({ databaseUrl: database.url, eventStoreUrl: storeUrl, secret });
  return {
    ...{ store, apis, storeUrl },
    keys: [await vendor(), await vendor(), await vendor()],
    verify: () => runLedger(['verify', '--json'], envOf(storeUrl)),
  };
};

/** An answer with what tells a client whether and when to try again. */
export type ApiAnswer = {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Readonly<Record<string, unknown>>;
};

/** A request to one API process. */
export type ApiRequest = {
  readonly baseUrl: string;
  readonly path: string;
  readonly key?: string;
  readonly body?: object;
  readonly method?: string;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
};

/** Sends one request once. */
export const sendOnce = async ({
  baseUrl,
  path: place,
  key,
  body,
  method = body === undefined ? 'GET' : 'POST',
  idempotencyKey = randomUUID(),
  signal,
}: ApiRequest): Promise<ApiAnswer> => {
  const response = await fetch(baseUrl + place, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
  const text = await response.text();
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
};
