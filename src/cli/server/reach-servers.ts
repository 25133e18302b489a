import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { InvalidConfiguration } from '../../config.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { isLostConnection } from '../../postgres/lost-connection.ts';
import { Unreachable } from '../exit-codes.ts';
import type { OpenServers } from './open-servers.ts';

/** A server of the configuration. `check` rejects when it does not answer. */
type ServerToReach = {
  readonly variable: string;
  readonly kind: 'Postgres' | 'The event store' | 'Redis';
  readonly url: string;
  readonly check: (url: string) => Promise<void>;
};

/** How long to try, in milliseconds, and where to report each failure. */
export type Patience = {
  readonly forMs: number;
  readonly everyMs: number;
  readonly signal?: AbortSignal;
  /** Called after a failed try that is followed by another. */
  readonly report: (variable: string, sentence: string) => void;
};

/** The patience of a start: 60 seconds. */
export const startPatience = { forMs: 60_000, everyMs: 3_000 } as const;

/** The patience of a command: one try. */
export const noPatience: Patience = { forMs: 0, everyMs: 0, report: () => {} };

/** Which servers a caller needs. */
export type NeededServers = {
  /** Only the servers with these URLs. Default: all. */
  readonly urls?: readonly string[];
  /** The Redis of the caller. Default: it needs none. */
  readonly redisUrl?: string | null;
};

/**
 * Waits until the configured servers answer. Throws Unreachable, which names the variable, when one does not within
 * `forMs`. Throws InvalidConfiguration at once when a server refuses the login or does not have the database. Does not
 * ask embedded servers. No message has a password.
 */
export const reachServers = async (
  servers: OpenServers,
  patience: Patience,
  { urls, redisUrl = null }: NeededServers = {},
): Promise<void> => {
  const configured = servers.embedded ? [] : serversToReach(servers);
  const needed = configured.filter(({ url }) => urls === undefined || urls.includes(url));
  const redis: readonly ServerToReach[] =
    redisUrl === null ? [] : [{ variable: 'REDIS_URL', url: redisUrl, kind: 'Redis', check: askRedis }];
  await Promise.all([...needed, ...redis].map((server) => reach(server, patience)));
};

/** Waits as `reachServers` does, for Postgres with the login that migrates only. */
export const reachPostgres = async (servers: OpenServers, patience: Patience): Promise<void> => {
  if (servers.embedded) return;
  await Promise.all(
    serversToReach(servers)
      .filter(({ variable }) => variable === 'DATABASE_URL')
      .map((server) => reach(server, patience)),
  );
};

const serversToReach = (servers: OpenServers): readonly ServerToReach[] => {
  const { databaseUrl, apiUrl, projectorUrl, workerUrl, eventStoreUrl } = servers;
  const databases = [
    ['DATABASE_URL', databaseUrl],
    ['DATABASE_API_URL', apiUrl],
    ['DATABASE_PROJECTOR_URL', projectorUrl],
    ['DATABASE_WORKER_URL', workerUrl],
  ] as const;
  return [
    ...databases
      .filter(([variable, url]) => variable === 'DATABASE_URL' || url !== databaseUrl)
      .map(([variable, url]) => ({ variable, url, kind: 'Postgres', check: askPostgres }) as const),
    { variable: 'EVENTSTORE_URL', url: eventStoreUrl, kind: 'The event store', check: askEventStore },
  ];
};

const reach = async (server: ServerToReach, { forMs, everyMs, signal, report }: Patience): Promise<void> => {
  const until = performance.now() + forMs;
  for (;;) {
    try {
      return await server.check(server.url);
    } catch (error) {
      const { variable, kind } = server;
      const where = hostOf(server.url);
      const why = error instanceof Error ? error.message || error.name : String(error);
      if (isRefusal(error))
        throw new InvalidConfiguration(
          `${variable}: ${kind} at ${where} refuses the connection: ${why}. Correct the URL.`,
        );
      const silent = `${variable}: ${kind} does not answer at ${where}: ${why}.`;
      const leftMs = until - performance.now();
      if (leftMs <= everyMs || forMs === 0) {
        const tried = forMs === 0 ? '' : ` It was tried for ${Math.round(forMs / 1_000)} seconds.`;
        throw new Unreachable(`${silent}${tried} Start it, or correct the URL.`);
      }
      report(variable, `${silent} The start tries again for ${Math.round(leftMs / 1_000)} seconds.`);
      await delay(everyMs, undefined, { ...(signal && { signal }) });
    }
  }
};

/** Returns host and port of a URL. Never user or password. */
export const hostOf = (url: string): string => /^[^/]*\/\/(?:[^/?]*@)?([^/?@]+)/.exec(url)?.[1] ?? 'an unreadable URL';

/**
 * Returns true when a server answers and refuses the connection: a wrong login, an unknown database, a missing right or
 * a wrong certificate. Another try ends in the same way.
 */
export const isRefusal = (error: unknown): boolean => {
  if (isLostConnection(error) || !(error instanceof Error)) return false;
  // Postgres answers with a SQLSTATE: class 28 is a wrong login, 3D an unknown database, 42 a missing right.
  if (error instanceof pg.DatabaseError) return /^(28|3D|42)/.test(error.code ?? '');
  const code = 'code' in error ? String(error.code) : '';
  if (/CERT|SIGNED|TLS|INVALID_URL/.test(code)) return true;
  return /SASL|does not support SSL|access denied|not authenticated|WRONGPASS|NOAUTH|NOPERM/i.test(error.message);
};

const askPostgres = async (url: string): Promise<void> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: answerMsMax,
    query_timeout: answerMsMax,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => {});
  }
};

const askEventStore = async (url: string): Promise<void> => {
  const store = connectEventStore({ url });
  const patience = new AbortController();
  try {
    await Promise.race([
      store.head({ timeoutMs: answerMsMax }),
      delay(answerMsMax, undefined, { signal: patience.signal }).then(() => {
        throw new Error(`no answer within ${answerMsMax / 1_000} seconds`);
      }),
    ]);
  } finally {
    patience.abort();
    await store.close();
  }
};

// Most commands need no Redis, and do not wait for its client to load.
const askRedis = async (url: string): Promise<void> => (await import('../ping-redis.ts')).pingRedis(url, answerMsMax);

const answerMsMax = 4_000;
