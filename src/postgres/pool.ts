import pg from 'pg';
import { ownRelease, type Release } from '../projections/release.ts';
import type { Log } from './log.ts';

/** The roles that connections may take; the login in the URL is a member of each. */
export type Role = 'ledger_owner' | 'ledger_api' | 'ledger_projector' | 'ledger_worker';

type ConnectionOptions = {
  readonly url: string;
  readonly role: Role;
  readonly applicationName?: string;
  /** The schema of tables that SQL names without one: that of a version of the read models. Default: the serving one. */
  readonly searchPath?: string;
  /** How long to wait for the answer to a statement; 0: for ever. Default: longer than any may take on the server. */
  readonly answerTimeoutMs?: number;
  /** Whose read models the connection may read. Default: those of this program. */
  readonly release?: Release;
};

const connectTimeoutMs = 5_000;
// What still has no answer then is a dead connection.
const defaultAnswerTimeoutMs = 15_000;

/**
 * A pool whose connections are `role` from their first statement on, with bounded statements, locks and idle transactions.
 * Options in the URL may change the bounds, not role and schema. A connection that breaks while idle is logged and replaced.
 */
export const createPool = ({
  max,
  log,
  ...options
}: ConnectionOptions & { readonly max: number; readonly log: Log }) => {
  const pool = new pg.Pool({ ...connectionConfig(options), max });
  pool.on('error', (error) => log.warn({ err: error, role: options.role }, 'An idle Postgres connection was lost.'));
  // One that breaks while it is borrowed, between two statements, says so as an event that would end the process. Its
  // borrower learns it from the next statement.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
};

/** The configuration of a single connection, with the same role, schema and bounds as in a pool. */
export const connectionConfig = ({
  url,
  role,
  applicationName,
  searchPath = 'rm',
  answerTimeoutMs = defaultAnswerTimeoutMs,
  release = ownRelease(),
}: ConnectionOptions): pg.ClientConfig => ({
  connectionString: withStartOptions(
    url,
    `-c search_path=${searchPath} -c role=${role} -c ledger.shape=${release.shape} -c ledger.release=${release.number}`,
  ),
  application_name: applicationName ?? role.replace('_', '-'),
  connectionTimeoutMillis: connectTimeoutMs,
  query_timeout: answerTimeoutMs,
  keepAlive: true,
});

// The last of two equal settings holds: the URL's override our bounds, and `fixed` overrides the URL's.
const withStartOptions = (url: string, fixed: string): string => {
  const [address = '', query = ''] = url.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const given = parameters.get('options') ?? '';
  const bounds = '-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000';
  parameters.set('options', `${bounds} ${given} ${fixed}`);
  return `${address}?${parameters}`;
};
