import { type ConnectionOptions, clientConfig, openPool } from '../postgres/pool.ts';
import { ownRelease, type Release } from './release.ts';

type ReadModelOptions = Omit<ConnectionOptions, 'settings'> & {
  /** The schema of the tables that SQL names without a schema. Default: that of the serving version. */
  readonly searchPath?: string;
  /** The connection may read the read models of this release. Default: the release of this program. */
  readonly release?: Release;
};

/** Opens a pool as `openPool` does. Postgres refuses its connections the read models of another release. */
export const createPool = ({
  max,
  log,
  ...options
}: ReadModelOptions & Pick<Parameters<typeof openPool>[0], 'max' | 'log'>) =>
  openPool({ ...connectionOptions(options), max, log });

/** Returns the configuration of a single connection, with the same role, settings and bounds as in a pool. */
export const connectionConfig = (options: ReadModelOptions) => clientConfig(connectionOptions(options));

const connectionOptions = ({
  searchPath = 'rm',
  release = ownRelease(),
  ...options
}: ReadModelOptions): ConnectionOptions => ({
  ...options,
  settings: { search_path: searchPath, 'ledger.shape': release.shape, 'ledger.release': release.number },
});
