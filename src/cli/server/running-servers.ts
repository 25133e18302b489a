import type { Config } from '../../config.ts';
import { readRuntime } from '../../embedded/data-directory.ts';
import { CommandEnded, exitCodes } from '../exit-codes.ts';
import { joinServers, type OpenServers } from './open-servers.ts';

/**
 * Returns the configured servers, or the embedded ones of the running server. Starts and creates nothing: without a
 * running server it throws CommandEnded with the exit code 4.
 */
export const runningServers = async (config: Config): Promise<OpenServers> => {
  if (config.servers.mode === 'embedded' && (await readRuntime(config.dataDir)) === undefined)
    throw new CommandEnded(
      exitCodes.unreachable,
      `No server runs on ${config.dataDir}. Start it with ledger start, or name another directory in LEDGER_DATA_DIR.`,
    );
  return joinServers(config, () => undefined);
};
