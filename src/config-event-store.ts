import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const file = z.string().min(1).optional();

/** The variables of `ledger eventstore`, with their defaults and meanings. */
export const eventStoreVariables = {
  LEDGER_EVENTSTORE_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
    .optional()
    .describe(
      'Postgres database in which ledger eventstore stores the log, for it alone. Without it an embedded Postgres in LEDGER_DATA_DIR.',
    ),
  LEDGER_EVENTSTORE_DATABASE_URL_FILE: file.describe('File that contains LEDGER_EVENTSTORE_DATABASE_URL.'),
  LEDGER_EVENTSTORE_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address that ledger eventstore listens on, also for its health.'),
  LEDGER_EVENTSTORE_PORT: port.default(2113).describe('Port of ledger eventstore. 0 takes a free port.'),
  LEDGER_EVENTSTORE_HEALTH_PORT: port
    .default(2114)
    .describe('Port of /health/live and /health/ready of ledger eventstore, over HTTP. 0 takes a free port.'),
  LEDGER_EVENTSTORE_CERT_FILE: file.describe(
    'PEM file with the certificate of ledger eventstore and its issuers. Default: it creates one in LEDGER_DATA_DIR.',
  ),
  LEDGER_EVENTSTORE_KEY_FILE: file.describe('PEM file with the private key of that certificate.'),
  LEDGER_EVENTSTORE_CA_FILE: file.describe(
    'PEM file with the authority that issued that certificate, which clients check it with. Default: the public authorities.',
  ),
  LEDGER_EVENTSTORE_NAMES: z
    .string()
    .regex(/^[\w.:-]+(,[\w.:-]+)*$/, 'must be names or addresses, separated by commas')
    .transform((text): readonly string[] => text.split(','))
    .optional()
    .describe(
      'Names by which clients reach ledger eventstore, such as the name of a service, separated by commas. The URL of the product has the first one.',
    ),
  LEDGER_EVENTSTORE_ADVERTISED_ADDRESS: z
    .string()
    .transform((text, context) => {
      const [, host = '', number = ''] = /^([A-Za-z0-9_.-]+):(\d{1,5})$/.exec(text) ?? [];
      const port = Number(number);
      if (host !== '' && port >= 1 && port <= 65_535) return { host, port };
      context.addIssue('must be a name or an IPv4 address and a port, such as store.example.com:2113');
      return z.NEVER;
    })
    .optional()
    .describe(
      'Address that ledger eventstore names to clients with an esdb+discover:// URL, as host:port. Set it when they reach it through a proxy or a mapped port. Default: the address that it listens on.',
    ),
  LEDGER_EVENTSTORE_INSECURE: z
    .enum(['on', 'off'])
    .default('off')
    .describe(
      'on: ledger eventstore has no TLS, and everybody who reaches its port reads and appends. Tests only; refused when NODE_ENV is production.',
    ),
} as const;

/** The PEM files of a certificate. `ca`: null for a public authority. */
export type CertificateFiles = { readonly certificate: string; readonly key: string; readonly ca: string | null };

/** How `ledger eventstore` runs. */
export type EventStoreConfig = {
  /** Null: an embedded Postgres in the data directory. */
  readonly databaseUrl: string | null;
  readonly host: string;
  readonly port: number;
  readonly healthPort: number;
  /** Names by which clients reach it, besides those of its address. The first one is that of the product's URL. */
  readonly names: readonly string[];
  /** The address that Gossip names. Null: the one that it listens on. */
  readonly advertised: { readonly host: string; readonly port: number } | null;
  /** Null: a certificate that it creates. */
  readonly certificateFiles: CertificateFiles | null;
  /** True: no TLS and no logins. */
  readonly isInsecure: boolean;
};

type EventStoreVariables = z.output<z.ZodObject<typeof eventStoreVariables>>;

/** Returns how `ledger eventstore` runs. */
export const eventStoreOf = (variables: EventStoreVariables): EventStoreConfig => {
  const { LEDGER_EVENTSTORE_CERT_FILE: certificate, LEDGER_EVENTSTORE_KEY_FILE: key } = variables;
  const isGiven = certificate !== undefined && key !== undefined;
  return {
    databaseUrl: variables.LEDGER_EVENTSTORE_DATABASE_URL ?? null,
    host: variables.LEDGER_EVENTSTORE_HOST,
    port: variables.LEDGER_EVENTSTORE_PORT,
    healthPort: variables.LEDGER_EVENTSTORE_HEALTH_PORT,
    names: variables.LEDGER_EVENTSTORE_NAMES ?? [],
    advertised: variables.LEDGER_EVENTSTORE_ADVERTISED_ADDRESS ?? null,
    certificateFiles: isGiven ? { certificate, key, ca: variables.LEDGER_EVENTSTORE_CA_FILE ?? null } : null,
    isInsecure: variables.LEDGER_EVENTSTORE_INSECURE === 'on',
  };
};

/** Returns true for a variable that `ledger eventstore` reads. */
export const isOfEventStore = (name: string): boolean =>
  /^(LEDGER_EVENTSTORE_\w+|LEDGER_DATA_DIR|LOG_LEVEL|LOG_FORMAT|NODE_ENV)$/.test(name);
