import { readFileSync } from 'node:fs';
import path from 'node:path';
import { combinationFaults, readVariables } from './config-checks.ts';
import { type EventStoreConfig, eventStoreOf, isOfEventStore } from './config-event-store.ts';
import { readVariableFiles } from './config-files.ts';
import { publicPasswordFaults } from './config-passwords.ts';
import { nonEmpty, readSources, type Sources } from './config-sources.ts';
import type { Variables } from './config-variables.ts';
import { parseSecrets } from './identity/secrets.ts';
import type { Limits } from './rate-limits.ts';
import { reachableUrl } from './reachable-url.ts';

/** Where Postgres and the event store are: embedded, or servers of the operator. */
export type Servers =
  | { readonly mode: 'embedded' }
  | {
      readonly mode: 'servers';
      readonly eventStoreUrl: string;
      /** The login for migrations. The others default to it. */
      readonly databaseUrl: string;
      readonly apiUrl: string;
      readonly projectorUrl: string;
      readonly workerUrl: string;
      /** Base64, separated by commas. Never empty. */
      readonly secret: string;
    };

/** How mails are sent. Without `smtpUrl` they are written into the outbox of the data directory. */
export type MailConfig = { readonly smtpUrl: string | null; readonly from: string; readonly publicUrl: string };

/** The notary of this process. `origin`: the name of the installation in logs; null: one that the database has. */
export type NotaryConfig = {
  readonly origin: string | null;
  readonly keysDir: string;
  readonly checkpointDir: string;
};

/** What `ledger init` creates, as far as the environment says. */
export type InitConfig = {
  readonly organization: string | null;
  readonly email: string | null;
  readonly password: string | null;
  /** The file that contains the password. */
  readonly passwordFile: string | null;
  readonly apiKeyName: string | null;
};

/** The configuration. It is parsed once at the start and passed on in parts. */
export type Config = {
  readonly host: string;
  readonly port: number;
  readonly managementHost: string;
  readonly managementPort: number;
  readonly servers: Servers;
  /** LEDGER_SECRET, or null when it is not set. */
  readonly secret: string | null;
  /** The file that `secret` was read from. Null: from no file. */
  readonly secretFile: string | null;
  /** Sentences for the start: which `.env` was read, and which names of variables may be mistakes. */
  readonly notes: readonly string[];
  /** Whether NODE_ENV is production. */
  readonly isProduction: boolean;
  readonly redisUrl: string | null;
  readonly dataDir: string;
  readonly jwtKeysDir: string;
  /** How the notary names logs, and where it has their private keys and its copies of checkpoints. */
  readonly notary: NotaryConfig;
  readonly accessTokenSeconds: number;
  readonly refreshTokenSeconds: number;
  readonly expirySweepSeconds: number;
  /** Null allows everything. */
  readonly rateLimits: Limits | null;
  /** Null: no mail is sent. */
  readonly mail: MailConfig | null;
  readonly signupPolicy: { readonly organizationId: string; readonly policyId: string } | null;
  readonly signupMode: NonNullable<Variables['SIGNUP_MODE']>;
  readonly defaultTier: Variables['DEFAULT_TIER'];
  /** What `ledger init` creates. Null: not set. */
  readonly init: InitConfig;
  /** How `ledger eventstore` runs. */
  readonly eventStore: EventStoreConfig;
  readonly corsOrigins: readonly string[];
  /** The number of the operator's proxies in front of the API. */
  readonly trustProxy: number;
  readonly licenseKeyPrefix: string;
  readonly logLevel: Variables['LOG_LEVEL'];
  /** For how long a process that is to stop still serves. */
  readonly stopDelaySeconds: number;
  /** The form of log lines on standard error; `auto` decides by whether it is a terminal. */
  readonly logFormat: Variables['LOG_FORMAT'];
  /** The demo of a new data directory. */
  readonly demo: Variables['LEDGER_DEMO'];
  readonly clockOffsetSeconds: number;
  /** True refuses commands while the clock is wrong. */
  readonly clockCheck: boolean;
};

/** Thrown for an unusable configuration. The message lists the problems, one per line. */
export class InvalidConfiguration extends Error {
  override readonly name = 'InvalidConfiguration';
}

/** Returns the environment of a child process: that of this process, with `defaults` for what it does not set. */
export const environmentWith = (defaults: Readonly<Record<string, string>>) => ({ ...defaults, ...process.env });

/**
 * Returns where output has color: only on a terminal, never (NO_COLOR is not empty), or always (FORCE_COLOR is not
 * empty, and neither 0 nor false). FORCE_COLOR wins. FORCE_COLOR=0 or false means never.
 */
export const colorChoice = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): 'terminal' | 'never' | 'always' => {
  const { FORCE_COLOR: force = '', NO_COLOR: none = '', TERM: terminal } = environment;
  if (force !== '') return force === '0' || force === 'false' ? 'never' : 'always';
  return none !== '' || terminal === 'dumb' ? 'never' : 'terminal';
};

/**
 * Reads the environment, and without `environment` also `.env` in the working directory. A variable of the environment wins
 * over `.env`, and an empty one counts as absent. Throws InvalidConfiguration with all problems together: wrong names and
 * values, the secret, the servers and forbidden combinations. `judgesSecret` false accepts a secret that is not random, for
 * the command that replaces it.
 */
export const loadConfig = (environment?: Environment, { judgesSecret } = { judgesSecret: true }): Config =>
  configOf(sourcesOf(environment), judgesSecret);

/** Reads the variables of `ledger eventstore` only, which may share its environment with a product. Otherwise as `loadConfig`. */
export const loadEventStoreConfig = (environment?: Environment): Config => {
  const sources = sourcesOf(environment);
  const values = Object.fromEntries(Object.entries(sources.values).filter(([name]) => isOfEventStore(name)));
  return configOf({ ...sources, values }, true);
};

type Environment = Readonly<Record<string, string | undefined>>;

const sourcesOf = (environment: Environment | undefined): Sources =>
  environment === undefined ? readSources(process.env, process.cwd()) : noFile(environment);

const configOf = (sources: Sources, judgesSecret: boolean): Config => {
  const files = readVariableFiles(sources.values);
  const { variables, invalid, problems } = readVariables(files.values);
  const secret = readSecret(variables);
  const { servers, fault } = serversOf(variables, invalid, secret.text);
  const isProduction = variables.NODE_ENV === 'production';
  const faults = [
    ...combinationFaults(variables, invalid),
    ...secret.faults,
    ...(isProduction ? publicPasswordFaults(variables, judgesSecret ? secret.text : null) : []),
    ...(fault === null ? [] : [fault]),
  ];
  const all = [...sources.problems, ...files.problems, ...problems, ...faults];
  if (servers === null || all.length > 0) throw invalidConfiguration(all, sources.notes);
  return {
    host: variables.HOST,
    port: variables.PORT,
    managementHost: variables.MANAGEMENT_HOST,
    managementPort: variables.MANAGEMENT_PORT,
    servers,
    mail: mailOf(variables, servers),
    secret: secret.text,
    secretFile: variables.LEDGER_SECRET_FILE ?? null,
    notes: sources.notes,
    isProduction,
    redisUrl: variables.REDIS_URL ?? null,
    dataDir: variables.LEDGER_DATA_DIR,
    jwtKeysDir: variables.JWT_KEYS_DIR ?? path.join(variables.LEDGER_DATA_DIR, 'keys'),
    notary: notaryConfigOf(variables),
    accessTokenSeconds: variables.ACCESS_TOKEN_SECONDS,
    refreshTokenSeconds: variables.REFRESH_TOKEN_SECONDS,
    expirySweepSeconds: variables.EXPIRY_SWEEP_SECONDS,
    rateLimits: variables.RATE_LIMITS,
    signupPolicy: variables.SIGNUP_POLICY ?? null,
    signupMode: variables.SIGNUP_MODE ?? (servers.mode === 'embedded' ? 'open' : 'closed'),
    defaultTier: variables.DEFAULT_TIER,
    init: initOf(variables),
    eventStore: eventStoreOf(variables),
    corsOrigins: variables.CORS_ORIGINS ?? [],
    trustProxy: variables.TRUST_PROXY,
    licenseKeyPrefix: variables.LICENSE_KEY_PREFIX,
    logLevel: variables.LOG_LEVEL,
    stopDelaySeconds: variables.STOP_DELAY_SECONDS ?? (isProduction ? 3 : 0),
    logFormat: variables.LOG_FORMAT,
    demo: variables.LEDGER_DEMO,
    clockOffsetSeconds: variables.LEDGER_CLOCK_OFFSET_SECONDS,
    clockCheck: variables.LEDGER_CLOCK_CHECK === 'on',
  };
};

/** Returns where the servers are. Servers are null with the reason when the variables do not say that. */
const serversOf = (
  variables: Variables,
  invalid: ReadonlySet<string>,
  secret: string | null,
): { readonly servers: Servers | null; readonly fault: string | null } => {
  const isSet = (name: 'DATABASE_URL' | 'EVENTSTORE_URL') =>
    variables[name] !== undefined || variables[`${name}_FILE`] !== undefined || invalid.has(name);
  const hasDatabase = isSet('DATABASE_URL');
  const hasEventStore = isSet('EVENTSTORE_URL');
  if (!hasDatabase && !hasEventStore) return { servers: { mode: 'embedded' }, fault: null };
  if (!hasDatabase || !hasEventStore) {
    const [has, lacks] = hasDatabase ? ['DATABASE_URL', 'EVENTSTORE_URL'] : ['EVENTSTORE_URL', 'DATABASE_URL'];
    const fault = `${has} is set and ${lacks} is not: set both to use servers, or neither to run the embedded ones.`;
    return { servers: null, fault };
  }
  if (secret === null && variables.LEDGER_SECRET === undefined && variables.LEDGER_SECRET_FILE === undefined) {
    const fault =
      'LEDGER_SECRET (or LEDGER_SECRET_FILE) is required with DATABASE_URL. Create it once, with (umask 077 && openssl rand -base64 32 > ledger-secret), and set LEDGER_SECRET_FILE=ledger-secret. Keep it as long as the license keys.';
    return { servers: null, fault };
  }
  const { DATABASE_URL: databaseUrl, EVENTSTORE_URL: eventStoreUrl } = variables;
  // An invalid URL or secret is reported where it was read.
  if (databaseUrl === undefined || eventStoreUrl === undefined || secret === null)
    return { servers: null, fault: null };
  const apiUrl = variables.DATABASE_API_URL ?? databaseUrl;
  const projectorUrl = variables.DATABASE_PROJECTOR_URL ?? databaseUrl;
  const workerUrl = variables.DATABASE_WORKER_URL ?? databaseUrl;
  const servers = { mode: 'servers', eventStoreUrl, databaseUrl, apiUrl, projectorUrl, workerUrl, secret } as const;
  return { servers, fault: null };
};

const mailOf = (variables: Variables, { mode }: Servers): MailConfig | null => {
  const { MAIL_URL, HOST: host, PORT: port } = variables;
  if (MAIL_URL === undefined && mode === 'servers') return null;
  return {
    smtpUrl: MAIL_URL ?? null,
    from: variables.MAIL_FROM ?? 'License Ledger <ledger@localhost>',
    publicUrl: variables.PUBLIC_URL ?? reachableUrl(host, port),
  };
};

/** Returns the secret, checked. The text is null when none is set or it cannot be used. */
const readSecret = ({ LEDGER_SECRET: secret, LEDGER_SECRET_FILE: file }: Variables) => {
  const unusable = (fault: string) => ({ text: null, faults: [fault] });
  if (secret !== undefined && file !== undefined)
    return unusable('LEDGER_SECRET and LEDGER_SECRET_FILE are both set: give one.');
  if (secret === undefined && file === undefined) return { text: null, faults: [] };
  try {
    const text = file === undefined ? secret : readFileSync(file, 'utf8').trim();
    parseSecrets(text ?? '', file === undefined ? 'LEDGER_SECRET' : `LEDGER_SECRET_FILE ${file}`);
    return { text: text ?? null, faults: [] };
  } catch (error) {
    // The path may be a secret that somebody set in place of one, so it is not printed.
    if (isSystemError(error)) return unusable(`LEDGER_SECRET_FILE cannot be read (${error.code}). Set it to a path.`);
    return unusable(error instanceof Error ? error.message : String(error));
  }
};

const notaryConfigOf = (variables: Variables): NotaryConfig => ({
  origin: variables.LEDGER_ORIGIN ?? null,
  keysDir: variables.LEDGER_LOG_KEYS_DIR ?? path.join(variables.LEDGER_DATA_DIR, 'log-keys'),
  checkpointDir: variables.LEDGER_CHECKPOINT_DIR ?? path.join(variables.LEDGER_DATA_DIR, 'checkpoints'),
});

const initOf = (variables: Variables): InitConfig => {
  const { LEDGER_INIT_PASSWORD: password, LEDGER_INIT_PASSWORD_FILE: file } = variables;
  return {
    organization: variables.LEDGER_INIT_ORGANIZATION ?? null,
    email: variables.LEDGER_INIT_EMAIL ?? null,
    password: password ?? null,
    passwordFile: file ?? null,
    apiKeyName: variables.LEDGER_INIT_API_KEY_NAME ?? null,
  };
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

const noFile = (environment: Environment): Sources => ({
  values: nonEmpty(environment),
  problems: [],
  notes: [],
});

const invalidConfiguration = (problems: readonly string[], notes: readonly string[]): InvalidConfiguration => {
  const lines = [...problems, ...notes].map((line) => `  ${line}`);
  const message =
    lines.length === 1
      ? `${problems[0]}`
      : [
          `Invalid configuration, ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}:`,
          ...lines,
        ].join('\n');
  return new InvalidConfiguration(message);
};
