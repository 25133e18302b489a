import type { Config } from '../../config.ts';
import { places, readRuntime } from '../../embedded/data-directory.ts';
import { readIfThere } from '../../embedded/files.ts';
import { holderOf } from '../../embedded/lock.ts';
import { configuredServers, joinedServers, type OpenServers } from './open-servers.ts';

/** The servers that a command finds. It starts and creates nothing. */
export type FoundServers =
  /** `mode`: who has started them. */
  | { readonly kind: 'reachable'; readonly mode: 'embedded' | 'servers'; readonly servers: OpenServers }
  | { readonly kind: 'stopped' | 'starting'; readonly mode: 'embedded' }
  /** The data directory does not exist, or is not one of ours. */
  | { readonly kind: 'nothing'; readonly mode: 'embedded' };

/** Returns the configured servers, or the embedded ones of a running server. Does not ask whether they answer. */
export const findServers = async ({ servers, dataDir }: Config): Promise<FoundServers> => {
  if (servers.mode === 'servers') return { kind: 'reachable', mode: 'servers', servers: configuredServers(servers) };
  const running = await readRuntime(dataDir);
  if (running !== undefined) return { kind: 'reachable', mode: 'embedded', servers: joinedServers(running) };
  const { marker, lock } = places(dataDir);
  if ((await holderOf(lock)) !== undefined) return { kind: 'starting', mode: 'embedded' };
  return { kind: (await readIfThere(marker)) === undefined ? 'nothing' : 'stopped', mode: 'embedded' };
};
