import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config.ts';
import { DataDirectoryInUse, type Runtime, readRuntime } from '../../embedded/data-directory.ts';
import { NoData } from '../../embedded/errors.ts';
import { startStack, startStackOnExisting } from '../../embedded/stack.ts';
import { ensureSecret } from '../../embedded/stored-secrets.ts';
import { stopBeforeExit } from './stop-before-exit.ts';

/** The servers that a command works with, embedded or configured. */
export type OpenServers = {
  /** True for embedded servers. */
  readonly embedded: boolean;
  /** The login that migrates, and takes every role without a login of its own. */
  readonly databaseUrl: string;
  readonly apiUrl: string;
  readonly projectorUrl: string;
  readonly workerUrl: string;
  readonly eventStoreUrl: string;
  /**
   * Resolves with the reason when an embedded server dies. Never resolves for configured servers, because clients
   * reconnect.
   */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
};

/** `signal` ends a start midway. `onIdle` is called when the embedded servers start by themselves. May be called twice. */
type Opening = { readonly signal?: AbortSignal; readonly onIdle?: () => void };

/** Starts the embedded servers, or returns the configured ones. */
export const openServers = async (
  config: Config,
  log: (line: string) => void,
  opening: Opening = {},
): Promise<OpenServers> => {
  if (config.servers.mode === 'servers') return configuredServers(config.servers);
  const { dataDir } = config;
  const { databaseUrl, eventStoreUrl, failed, stop } = await startStack({ dataDir, log, ...opening });
  return { ...oneLogin(databaseUrl), embedded: true, eventStoreUrl, failed, stop };
};

/**
 * What a command does with its servers. `READ`: it changes no data, so the event store does not update its tables. `CHANGE`: it
 * changes data that exist. `CREATE`: it also creates the data of the embedded servers where no server ran before.
 */
export type ServersUse = 'READ' | 'CHANGE' | 'CREATE';

/**
 * Returns the servers of a running server, for commands next to it. Otherwise starts the embedded servers for the time of
 * the command, one command after another. Does not ask whether configured servers answer. Throws NoData where no server
 * ran before, unless the use is `CREATE`.
 */
export const joinServers = async (
  config: Config,
  log: (line: string) => void,
  use: ServersUse,
): Promise<OpenServers> => {
  if (config.servers.mode === 'servers') return configuredServers(config.servers);
  let isWaiting = false;
  for (;;) {
    const { dataDir } = config;
    const server = await readRuntime(dataDir);
    if (server) return joinedServers(server);
    try {
      return stoppedBeforeExit(await startForCommand(config, log, use));
    } catch (error) {
      if (!(error instanceof DataDirectoryInUse)) throw error;
      if (!isWaiting)
        console.error(
          `Process ${error.holder} uses ${dataDir}. This command waits until it has started a server or has ended.`,
        );
      isWaiting = true;
      await delay(waitMs);
    }
  }
};

const waitMs = 200;

const startForCommand = async (config: Config, log: (line: string) => void, use: ServersUse): Promise<OpenServers> => {
  const { dataDir } = config;
  try {
    const { databaseUrl, ...stack } = await startStackOnExisting({ dataDir, migrates: use !== 'READ', log });
    return { ...oneLogin(databaseUrl), ...stack, embedded: true };
  } catch (error) {
    if (use !== 'CREATE' || !(error instanceof NoData)) throw error;
    return openServers(config, log);
  }
};

const stoppedBeforeExit = (servers: OpenServers): OpenServers => {
  const release = stopBeforeExit(servers.stop);
  return { ...servers, stop: () => servers.stop().finally(release) };
};

/**
 * Returns the configured LEDGER_SECRET. The embedded mode creates one at its first start and stores it in secrets.json.
 */
export const secretText = async ({ servers, secret, dataDir }: Config, make: () => string): Promise<string> => {
  if (servers.mode === 'servers') return servers.secret;
  return secret ?? (await ensureSecret(dataDir, 'LEDGER_SECRET', make));
};

const never = new Promise<string>(() => {});

const oneLogin = (databaseUrl: string) => ({
  databaseUrl,
  apiUrl: databaseUrl,
  projectorUrl: databaseUrl,
  workerUrl: databaseUrl,
});

/** Returns the servers of a running server. Stopping them does nothing. */
export const joinedServers = ({ databaseUrl, eventStoreUrl }: Runtime): OpenServers => ({
  ...oneLogin(databaseUrl),
  embedded: true,
  eventStoreUrl,
  failed: never,
  stop: async () => {},
});

/** Returns the servers of the configuration. Stopping them does nothing. */
export const configuredServers = (servers: Extract<Config['servers'], { mode: 'servers' }>): OpenServers => ({
  ...servers,
  embedded: false,
  failed: never,
  stop: async () => {},
});
