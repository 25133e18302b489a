import type { Config } from '../../config.ts';
import { readRuntime } from '../../embedded/data-directory.ts';
import { readSchemaState, type SchemaState } from '../../projections/schema-state.ts';
import { NothingToCheck, Unreachable } from '../exit-codes.ts';
import { joinServers, type OpenServers } from './open-servers.ts';
import { noPatience, reachServers } from './reach-servers.ts';

/** The servers of a command, and the release that migrated their database. */
export type CommandServers = OpenServers & { readonly schema: SchemaState };

/**
 * Opens the servers of a command. Creates no directory, no cluster, no schema and no row, and migrates nothing. The caller
 * stops the servers. Throws NoData without a data directory, and Unreachable when a server does not answer. For a database
 * without our schema, `READ` throws NothingToCheck, or Unreachable while a server creates the schema.
 */
export const openCommandServers = async (
  config: Config,
  log: (line: string) => void,
  use: 'READ' | 'CHANGE',
): Promise<CommandServers> => {
  const servers = await joinServers(config, log, use);
  try {
    await reachServers(servers, noPatience);
    const schema = await readSchemaState(servers.databaseUrl);
    if (schema.kind === 'MISSING' && use === 'READ') throw await withoutSchema(config);
    return { ...servers, schema };
  } catch (error) {
    await servers.stop();
    throw error;
  }
};

/** Returns the error for a database without our schema. A running server that starts for the first time creates it soon. */
const withoutSchema = async ({ servers, dataDir }: Config): Promise<Error> => {
  if (servers.mode === 'servers')
    return new NothingToCheck(
      'The database of DATABASE_URL does not have the schema of License Ledger. Set DATABASE_URL to the database of your server.',
    );
  return (await readRuntime(dataDir)) === undefined
    ? new NothingToCheck(
        `The database in ${dataDir} is empty. Set LEDGER_DATA_DIR to the data directory of your server.`,
      )
    : new Unreachable(`The server in ${dataDir} is starting and creates its database. Repeat when it is ready.`);
};

/** Returns why a command cannot read the tables of another release, or null when they are of this release. */
export const otherSchema = (schema: SchemaState): string | null => {
  if (schema.kind === 'OLDER')
    return `The database is of an older release: it lacks db/${schema.file}. Start this release to update it, or use the older one.`;
  if (schema.kind === 'NEWER')
    return `The database is of a newer release: it has db/${schema.file}, which this release does not know. Use that release.`;
  return null;
};
