import pg from 'pg';
import type { Log } from './log.ts';

/** The roles of connections. The login in the URL is a member of each. */
export type Role = 'ledger_owner' | 'ledger_api' | 'ledger_projector' | 'ledger_worker' | 'ledger_backup';

export type ConnectionOptions = {
  readonly url: string;
  readonly role: Role;
  readonly applicationName?: string;
  /** Settings of the session that the URL may not override, such as `search_path`. Values have no spaces. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /**
   * How long to wait for the result of a statement; 0: no limit. Default: longer than the server allows a statement.
   */
  readonly answerTimeoutMs?: number;
};

const connectTimeoutMs = 5_000;
// A connection that does not answer within this time is dead.
const defaultAnswerTimeoutMs = 15_000;

/**
 * Opens a pool of connections with `role` and `settings` from their first statement on, and with time limits for
 * statements, locks and idle transactions. Options in the URL may change only these limits. The pool logs and replaces
 * a connection that breaks while it is idle.
 */
export const openPool = ({ max, log, ...options }: ConnectionOptions & { readonly max: number; readonly log: Log }) => {
  // A read ends its transaction while the next one of the same request begins, on the other of two.
  const pool = new pg.Pool({ ...clientConfig(options), max, min: Math.min(2, max) });
  pool.on('error', (error) => log.warn({ err: error, role: options.role }, 'An idle Postgres connection was lost.'));
  // Without a listener, a borrowed connection that breaks between two statements would end the process. The next
  // statement of the borrower fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
};

/** Returns the configuration of a single connection, with the same role, settings and limits as in a pool. */
export const clientConfig = ({
  url,
  role,
  applicationName,
  settings = {},
  answerTimeoutMs = defaultAnswerTimeoutMs,
}: ConnectionOptions): pg.ClientConfig => ({
  connectionString: withStartOptions(
    url,
    Object.entries({ role, ...settings })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  ),
  application_name: applicationName ?? role.replace('_', '-'),
  connectionTimeoutMillis: connectTimeoutMs,
  query_timeout: answerTimeoutMs,
  keepAlive: true,
  // The projector sends a statement before the answer to the one before it. Other roles wait for each answer.
  pipeline: role === 'ledger_projector',
});

// Postgres takes the last one of equal settings. The URL overrides our limits, and `fixed` overrides the URL.
const withStartOptions = (url: string, fixed: string): string => {
  const [address = '', query = ''] = url.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const fromUrl = parameters.get('options') ?? '';
  const bounds = '-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000';
  parameters.set('options', `${bounds} ${fromUrl} ${fixed}`);
  return `${address}?${parameters}`;
};
