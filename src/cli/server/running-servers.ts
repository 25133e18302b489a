import type { Config } from '../../config.ts';
import { readRuntime } from '../../embedded/data-directory.ts';
import { CommandEnded, exitCodes } from '../exit-codes.ts';
import { configuredServers, joinedServers, type OpenServers } from './open-servers.ts';
import { type NeededServers, noPatience, reachServers } from './reach-servers.ts';

/**
 * Returns the configured servers, or the embedded ones of the running server. Starts and creates nothing. Throws
 * CommandEnded with the exit code 4 without a running server, Unreachable when a server that `use` needs does not
 * answer, and InvalidConfiguration when it refuses the login.
 */
export const runningServers = async (config: Config, use: 'log' | 'queues'): Promise<OpenServers> => {
  const servers = await findRunning(config);
  await reachServers(servers, noPatience, needs[use](servers, config));
  return servers;
};

const needs: Readonly<Record<'log' | 'queues', (servers: OpenServers, config: Config) => NeededServers>> = {
  log: ({ eventStoreUrl }) => ({ urls: [eventStoreUrl] }),
  queues: ({ workerUrl }, { redisUrl }) => (redisUrl === null ? { urls: [workerUrl] } : { urls: [], redisUrl }),
};

const findRunning = async ({ servers, dataDir }: Config): Promise<OpenServers> => {
  if (servers.mode === 'servers') return configuredServers(servers);
  const running = await readRuntime(dataDir);
  if (running !== undefined) return joinedServers(running);
  throw new CommandEnded(
    exitCodes.unreachable,
    `No server runs on ${dataDir}. Start it with ledger start, or name another directory in LEDGER_DATA_DIR.`,
  );
};
