import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { mailbox, origins, rateLimits, signupPolicy, smtpUrl, webUrl } from './config-values.ts';
import { tiers } from './domain/license/policy.ts';
import type { Limits } from './rate-limits.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' });
const wholeSeconds = z.coerce.number().int();

/** Every variable of the environment that License Ledger reads, with its default and meaning. Source of `.env.example`. */
const schema = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address the API listens on.'),
  PORT: port.default(8080).describe('Port of the API. 0 takes a free port.'),
  MANAGEMENT_HOST: z.string().default('127.0.0.1').describe('Address of metrics, health and version.'),
  MANAGEMENT_PORT: port.default(8081).describe('Port of metrics, health and version. 0 takes a free port.'),
  DATABASE_URL: postgresUrl
    .optional()
    .describe('Postgres. Set it together with EVENTSTORE_URL. Without both, both servers are embedded.'),
  EVENTSTORE_URL: z
    .url({ protocol: /^esdb(\+discover)?$/, error: 'must be an esdb:// or esdb+discover:// URL (not kurrentdb://)' })
    .optional()
    .describe('EventStoreDB or KurrentDB, as esdb://host:2113?tls=false.'),
  DATABASE_API_URL: postgresUrl.optional().describe('Separate login for the API. Default: DATABASE_URL.'),
  DATABASE_PROJECTOR_URL: postgresUrl.optional().describe('Separate login for the projector. Default: DATABASE_URL.'),
  DATABASE_WORKER_URL: postgresUrl.optional().describe('Separate login for the worker. Default: DATABASE_URL.'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .optional()
    .describe(
      'Redis or Valkey for scheduled jobs and shared rate limits. Without it Postgres stores the jobs, and each process counts its own limits.',
    ),
  LEDGER_DATA_DIR: z
    .string()
    .min(1)
    .default('.ledger')
    .describe('Embedded data, demo.json, secrets.json, keys and outbox.'),
  LEDGER_SECRET: z
    .string()
    .optional()
    .describe(
      'At least 32 random bytes in base64 (openssl rand -base64 32), or several, separated by commas. The first signs, all verify. Required with DATABASE_URL. The embedded mode creates its own. License keys can be checked only as long as their secret is kept.',
    ),
  LEDGER_SECRET_FILE: z.string().optional().describe('File that contains LEDGER_SECRET.'),
  JWT_KEYS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Directory of the ES256 keys of access tokens. The newest signs, all verify. API processes share it. Default: keys in LEDGER_DATA_DIR.',
    ),
  ACCESS_TOKEN_SECONDS: wholeSeconds
    .min(60)
    .max(86_400)
    .default(3_600)
    .describe('Lifetime of an access token in seconds.'),
  REFRESH_TOKEN_SECONDS: wholeSeconds
    .min(300)
    .max(7_776_000)
    .default(604_800)
    .describe('Lifetime of a refresh token in seconds, at least that of an access token.'),
  EXPIRY_SWEEP_SECONDS: wholeSeconds.min(1).max(3_600).default(30).describe('Seconds between two expiry sweeps.'),
  RATE_LIMITS: rateLimits
    .prefault('on')
    .describe(
      'on, off (for tests and benches; refused when NODE_ENV is production), or overrides as name=quota/seconds, separated by commas. Names: docs/operations.md.',
    ),
  SIGNUP_POLICY: signupPolicy
    .optional()
    .describe(
      'Platform organization and its policy, as org_…/pol_…. New organizations get a license of it. Default: none.',
    ),
  MAIL_URL: smtpUrl.describe(
    'Mail server, as smtp://name:password@host:587 or smtps://host. Set it together with MAIL_FROM and PUBLIC_URL. Without it the embedded mode writes mails into outbox in LEDGER_DATA_DIR, and with DATABASE_URL no mail is sent.',
  ),
  MAIL_FROM: mailbox
    .optional()
    .describe('Address that mails come from, such as License Ledger <ledger@vendor.example>.'),
  PUBLIC_URL: webUrl.describe(
    'URL at which the readers of mails reach the API. Default in the embedded mode: HOST and PORT.',
  ),
  DEFAULT_TIER: z
    .enum(tiers)
    .default('FREE')
    .describe('Tier for the rate limits of an organization without a license of the platform.'),
  CORS_ORIGINS: origins
    .optional()
    .describe(
      'Origins of the pages that may call the API, separated by commas, such as https://app.example.com. Default: none.',
    ),
  TRUST_PROXY: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('Exact number of your proxies in front of the API. The API trusts this many entries of X-Forwarded-For.'),
  LICENSE_KEY_PREFIX: z
    .string()
    .regex(/^[A-Z0-9]{2,10}$/, 'must be 2 to 10 of A-Z and 0-9')
    .default('LL')
    .describe('Prefix of license keys.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level to log.'),
  LEDGER_CLOCK_OFFSET_SECONDS: wholeSeconds
    .default(0)
    .describe('Seconds added to the clock. Tests only; refused when NODE_ENV is production.'),
  LEDGER_CLOCK_CHECK: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'on refuses commands while the clock differs from that of Postgres by more than 60 seconds. off is for tests only and is refused when NODE_ENV is production.',
    ),
  NODE_ENV: z.string().default('development').describe('production refuses what is meant for tests only.'),
});

type Variables = z.output<typeof schema>;

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

/** The configuration. It is parsed once at the start and passed on in parts. */
export type Config = {
  readonly host: string;
  readonly port: number;
  readonly managementHost: string;
  readonly managementPort: number;
  readonly servers: Servers;
  /** LEDGER_SECRET, or null when it is not set. */
  readonly secret: string | null;
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
  readonly defaultTier: Variables['DEFAULT_TIER'];
  readonly corsOrigins: readonly string[];
  /** The number of the operator's proxies in front of the API. */
  readonly trustProxy: number;
  readonly licenseKeyPrefix: string;
  readonly logLevel: Variables['LOG_LEVEL'];
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
 * Reads the environment. An empty variable counts as absent. Throws InvalidConfiguration with all invalid values. When
 * the values are valid, throws it with all forbidden combinations, and then for the secret and the servers.
 */
export const loadConfig = (environment: Readonly<Record<string, string | undefined>> = process.env): Config => {
  const nonEmpty = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(nonEmpty);
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
    redisUrl: variables.REDIS_URL ?? null,
    dataDir: variables.LEDGER_DATA_DIR,
    jwtKeysDir: variables.JWT_KEYS_DIR ?? path.join(variables.LEDGER_DATA_DIR, 'keys'),
    accessTokenSeconds: variables.ACCESS_TOKEN_SECONDS,
    refreshTokenSeconds: variables.REFRESH_TOKEN_SECONDS,
    expirySweepSeconds: variables.EXPIRY_SWEEP_SECONDS,
    rateLimits: variables.RATE_LIMITS,
    signupPolicy: variables.SIGNUP_POLICY ?? null,
    defaultTier: variables.DEFAULT_TIER,
    corsOrigins: variables.CORS_ORIGINS ?? [],
    trustProxy: variables.TRUST_PROXY,
    licenseKeyPrefix: variables.LICENSE_KEY_PREFIX,
    logLevel: variables.LOG_LEVEL,
    clockOffsetSeconds: variables.LEDGER_CLOCK_OFFSET_SECONDS,
    clockCheck: variables.LEDGER_CLOCK_CHECK === 'on',
  };
};

/** Returns the text of `.env.example`: every variable with its meaning and default. */
export const envExample = (): string => {
  const blocks = Object.entries(schema.shape).map(([name, variable]) => {
    const fallback = variable instanceof z.ZodPrefault ? variable.def.defaultValue : variable.safeParse(undefined).data;
    return `# ${variable.description}\n# ${name}=${fallback ?? ''}\n`;
  });
  return ['# Generated from src/config.ts by `ledger env-example --write`. Every line is optional.\n', ...blocks].join(
    '\n',
  );
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
    publicUrl: variables.PUBLIC_URL ?? `http://${host}:${port}`,
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
