import type { Config } from '../../config.ts';
import { CommandEnded, exitCodes } from '../exit-codes.ts';
import { findServers } from './find-servers.ts';
import type { OpenServers } from './open-servers.ts';
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

const findRunning = async (config: Config): Promise<OpenServers> => {
  const located = await findServers(config);
  if (located.kind === 'reachable') return located.servers;
  throw new CommandEnded(
    exitCodes.unreachable,
    `No server runs on ${config.dataDir}. Start it with ledger start, or name another directory in LEDGER_DATA_DIR.`,
  );
};
