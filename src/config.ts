import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Variables, variablesSchema } from './config-variables.ts';
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
  /** The path in LEDGER_SECRET_FILE, or null. */
  readonly secretFile: string | null;
  /** Whether NODE_ENV is production. */
  readonly isProduction: boolean;
  readonly redisUrl: string | null;
  readonly dataDir: string;
  readonly jwtKeysDir: string;
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
  readonly corsOrigins: readonly string[];
  /** The number of the operator's proxies in front of the API. */
  readonly trustProxy: number;
  readonly licenseKeyPrefix: string;
  readonly logLevel: Variables['LOG_LEVEL'];
  /** For how long a process that is to stop still serves. */
  readonly stopDelaySeconds: number;
  /** The form of log lines on standard error; `auto` decides by whether it is a terminal. */
  readonly logFormat: Variables['LOG_FORMAT'];
  readonly clockOffsetSeconds: number;
  /** True refuses commands while the clock is wrong. */
  readonly clockCheck: boolean;
};

/** Thrown for an unusable configuration. The message lists the problems, one per line. */
export class InvalidConfiguration extends Error {
  override readonly name = 'InvalidConfiguration';
}

const combinationFaults = (variables: Variables): readonly string[] => {
  const isProduction = variables.NODE_ENV === 'production';
  const faults: string[] = [];
  if (isProduction && variables.LEDGER_CLOCK_OFFSET_SECONDS !== 0)
    faults.push('LEDGER_CLOCK_OFFSET_SECONDS is for tests only: remove it when NODE_ENV is production.');
  if (isProduction && variables.LEDGER_CLOCK_CHECK === 'off')
    faults.push(
      'LEDGER_CLOCK_CHECK=off is for tests only: remove it, and synchronize the clocks, when NODE_ENV is production.',
    );
  if (variables.REFRESH_TOKEN_SECONDS < variables.ACCESS_TOKEN_SECONDS)
    faults.push('REFRESH_TOKEN_SECONDS is less than ACCESS_TOKEN_SECONDS: give it at least as many.');
  const { MAIL_URL, MAIL_FROM, PUBLIC_URL } = variables;
  if (MAIL_URL !== undefined && (MAIL_FROM === undefined || PUBLIC_URL === undefined))
    faults.push('MAIL_URL is set without MAIL_FROM or PUBLIC_URL: set all three, or remove MAIL_URL.');
  if (isProduction && variables.RATE_LIMITS === null)
    faults.push(
      'RATE_LIMITS=off is for tests only: remove it, or raise single limits (validate=600/60), when NODE_ENV is production.',
    );
  return faults;
};

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
 * Reads the environment. An empty variable counts as absent. Throws InvalidConfiguration with all invalid values. When
 * the values are valid, throws it with all forbidden combinations, and then for the secret and the servers.
 */
export const loadConfig = (environment: Readonly<Record<string, string | undefined>> = process.env): Config => {
  const nonEmpty = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = variablesSchema.safeParse(nonEmpty);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new InvalidConfiguration(['Invalid configuration:', ...problems].join('\n'));
  }
  const variables = parsed.data;
  const faults = combinationFaults(variables);
  if (faults.length > 0) throw new InvalidConfiguration(faults.join('\n'));
  const secret = secretOf(variables);
  const servers = serversOf(variables, secret);
  return {
    host: variables.HOST,
    port: variables.PORT,
    managementHost: variables.MANAGEMENT_HOST,
    managementPort: variables.MANAGEMENT_PORT,
    servers,
    mail: mailOf(variables, servers),
    secret,
    secretFile: variables.LEDGER_SECRET_FILE ?? null,
    isProduction: variables.NODE_ENV === 'production',
    redisUrl: variables.REDIS_URL ?? null,
    dataDir: variables.LEDGER_DATA_DIR,
    jwtKeysDir: variables.JWT_KEYS_DIR ?? path.join(variables.LEDGER_DATA_DIR, 'keys'),
    accessTokenSeconds: variables.ACCESS_TOKEN_SECONDS,
    refreshTokenSeconds: variables.REFRESH_TOKEN_SECONDS,
    expirySweepSeconds: variables.EXPIRY_SWEEP_SECONDS,
    rateLimits: variables.RATE_LIMITS,
    signupPolicy: variables.SIGNUP_POLICY ?? null,
    signupMode: variables.SIGNUP_MODE ?? (servers.mode === 'embedded' ? 'open' : 'closed'),
    defaultTier: variables.DEFAULT_TIER,
    init: initOf(variables),
    corsOrigins: variables.CORS_ORIGINS ?? [],
    trustProxy: variables.TRUST_PROXY,
    licenseKeyPrefix: variables.LICENSE_KEY_PREFIX,
    logLevel: variables.LOG_LEVEL,
    stopDelaySeconds: variables.STOP_DELAY_SECONDS ?? (variables.NODE_ENV === 'production' ? 3 : 0),
    logFormat: variables.LOG_FORMAT,
    clockOffsetSeconds: variables.LEDGER_CLOCK_OFFSET_SECONDS,
    clockCheck: variables.LEDGER_CLOCK_CHECK === 'on',
  };
};

const serversOf = (variables: Variables, secret: string | null): Servers => {
  const { DATABASE_URL: databaseUrl, EVENTSTORE_URL: eventStoreUrl } = variables;
  if (databaseUrl === undefined && eventStoreUrl === undefined) return { mode: 'embedded' };
  if (databaseUrl === undefined || eventStoreUrl === undefined) {
    const [has, lacks] =
      databaseUrl === undefined ? ['EVENTSTORE_URL', 'DATABASE_URL'] : ['DATABASE_URL', 'EVENTSTORE_URL'];
    throw new InvalidConfiguration(
      `${has} is set and ${lacks} is not: set both to use servers, or neither to run the embedded ones.`,
    );
  }
  if (secret === null) {
    throw new InvalidConfiguration(
      'LEDGER_SECRET (or LEDGER_SECRET_FILE) is required with DATABASE_URL: make one with `openssl rand -base64 32` and keep it as long as the license keys.',
    );
  }
  return {
    mode: 'servers',
    eventStoreUrl,
    databaseUrl,
    apiUrl: variables.DATABASE_API_URL ?? databaseUrl,
    projectorUrl: variables.DATABASE_PROJECTOR_URL ?? databaseUrl,
    workerUrl: variables.DATABASE_WORKER_URL ?? databaseUrl,
    secret,
  };
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

const secretOf = ({ LEDGER_SECRET: secret, LEDGER_SECRET_FILE: file }: Variables): string | null => {
  if (secret !== undefined && file !== undefined) {
    throw new InvalidConfiguration('LEDGER_SECRET and LEDGER_SECRET_FILE are both set: give one.');
  }
  if (file === undefined) return secret ?? null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new InvalidConfiguration(`LEDGER_SECRET_FILE cannot be read: ${why}`);
  }
};

const initOf = (variables: Variables): InitConfig => {
  const { LEDGER_INIT_PASSWORD: password, LEDGER_INIT_PASSWORD_FILE: file } = variables;
  if (password !== undefined && file !== undefined)
    throw new InvalidConfiguration('LEDGER_INIT_PASSWORD and LEDGER_INIT_PASSWORD_FILE are both set: give one.');
  return {
    organization: variables.LEDGER_INIT_ORGANIZATION ?? null,
    email: variables.LEDGER_INIT_EMAIL ?? null,
    password: password ?? null,
    passwordFile: file ?? null,
    apiKeyName: variables.LEDGER_INIT_API_KEY_NAME ?? null,
  };
};
