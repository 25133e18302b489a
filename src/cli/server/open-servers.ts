import type { Config } from '../../config.ts';
import { readRuntime } from '../../embedded/data-directory.ts';
import { ensureSecret } from '../../embedded/secrets.ts';
import { startStack } from '../../embedded/stack.ts';

/** The servers a command works with, ours or given ones. */
export type OpenServers = {
  /** True when they are embedded. */
  readonly embedded: boolean;
  /** The login that migrates and takes every role, unless the others are separate. */
  readonly databaseUrl: string;
  readonly apiUrl: string;
  readonly projectorUrl: string;
  readonly workerUrl: string;
  readonly eventStoreUrl: string;
  /** Resolves with the reason when an embedded server dies unasked; never for given ones, whose clients reconnect. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
};

/** Starts the embedded servers, or takes the configured ones as they are. */
export const openServers = async (config: Config, log: (line: string) => void): Promise<OpenServers> => {
  if (config.servers.mode === 'servers') return given(config.servers);
  const { databaseUrl, eventStoreUrl, failed, stop } = await startStack({ dataDir: config.dataDir, log });
  return { ...oneLogin(databaseUrl), embedded: true, eventStoreUrl, failed, stop };
};

/** For commands beside a running server: its embedded servers when they run, else as `openServers`. */
export const joinServers = async (config: Config, log: (line: string) => void): Promise<OpenServers> => {
  if (config.servers.mode === 'servers') return given(config.servers);
  const running = await readRuntime(config.dataDir);
  if (!running) return openServers(config, log);
  const { databaseUrl, eventStoreUrl } = running;
  return { ...oneLogin(databaseUrl), embedded: true, eventStoreUrl, failed: never, stop: async () => {} };
};

/** LEDGER_SECRET as configured; the embedded mode makes one at its first start and keeps it in secrets.json. */
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

const given = (servers: Extract<Config['servers'], { mode: 'servers' }>): OpenServers => ({
  ...servers,
  embedded: false,
  failed: never,
  stop: async () => {},
});
