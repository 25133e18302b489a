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
 * Returns the servers of a running server, for commands next to it. Otherwise starts the embedded servers on existing
 * data for the time of the command, one command after another. `migrates`: the command changes data, so the event store
 * may update its tables. Throws NoData where no server ran before.
 */
export const joinServers = async (
  config: Config,
  log: (line: string) => void,
  { migrates } = { migrates: true },
): Promise<OpenServers> => {
  if (config.servers.mode === 'servers') return configuredServers(config.servers);
  const { dataDir } = config;
  let isWaiting = false;
  for (;;) {
    const server = await readRuntime(dataDir);
    if (server) return joinedServers(server);
    try {
      const stack = await startStackOnExisting({ dataDir, migrates, log });
      const release = stopBeforeExit(stack.stop);
      const stop = () => stack.stop().finally(release);
      return { ...oneLogin(stack.databaseUrl), ...stack, embedded: true, stop };
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

/** Returns servers as `joinServers` does. Creates the data of the embedded servers where no server ran before. */
export const joinOrCreateServers = async (config: Config, log: (line: string) => void): Promise<OpenServers> => {
  for (;;) {
    try {
      return await joinServers(config, log);
    } catch (error) {
      if (!(error instanceof NoData)) throw error;
    }
    try {
      const servers = await openServers(config, log);
      const release = stopBeforeExit(servers.stop);
      return { ...servers, stop: () => servers.stop().finally(release) };
    } catch (error) {
      // Another process creates the data at this moment.
      if (!(error instanceof DataDirectoryInUse)) throw error;
      await delay(waitMs);
    }
  }
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
