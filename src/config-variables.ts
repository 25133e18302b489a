import { z } from 'zod';
import { eventStoreVariables } from './config-event-store.ts';
import { mailbox, origins, rateLimits, signupPolicy, smtpUrl, webUrl } from './config-values.ts';
import { tiers } from './domain/license/policy.ts';
import { signupModes } from './domain/organization/signup-mode.ts';

/** What a new data directory gets to try things on. */
export const demoKinds = ['none', 'license', 'full'] as const;

const port = z.coerce.number().int().min(0).max(65_535);
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' });
// `URL` reads one host only, and a cluster has several.
const eventStoreUrl = z
  .string()
  .regex(
    /^esdb(\+discover)?:\/\/([^@/?#\s]+@)?[^@,/?#\s[\]]+(,[^@,/?#\s[\]]+)*(\/?(\?\S*)?)$/,
    'must be an esdb:// or esdb+discover:// URL (not kurrentdb://)',
  );
const fileOf = (name: string) =>
  z.string().optional().describe(`File that contains ${name}, for example a secret of Docker.`);
// C2SP signed-note: names have no space and no plus sign.
const logName = z
  .string()
  .regex(
    /^[^\s+\p{White_Space}\p{Control}\p{Format}\p{Surrogate}]{1,200}$/u,
    'must have 1 to 200 characters without spaces and +',
  );
const wholeSeconds = z.coerce.number().int();

/** Every variable of the environment that License Ledger reads, with its default and meaning. Source of `.env.example`. */
export const variablesSchema = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address the API listens on.'),
  PORT: port.default(8080).describe('Port of the API. 0 takes a free port.'),
  MANAGEMENT_HOST: z.string().default('127.0.0.1').describe('Address of metrics, health and version.'),
  MANAGEMENT_PORT: port.default(8081).describe('Port of metrics, health and version. 0 takes a free port.'),
  DATABASE_URL: postgresUrl
    .optional()
    .describe('Postgres. Set it together with EVENTSTORE_URL. Without both, both servers are embedded.'),
  EVENTSTORE_URL: eventStoreUrl
    .optional()
    .describe(
      'EventStoreDB or KurrentDB, as esdb://host:2113?tls=false, or all nodes of a cluster, separated by commas.',
    ),
  DATABASE_API_URL: postgresUrl.optional().describe('Separate login for the API. Default: DATABASE_URL.'),
  DATABASE_PROJECTOR_URL: postgresUrl.optional().describe('Separate login for the projector. Default: DATABASE_URL.'),
  DATABASE_WORKER_URL: postgresUrl.optional().describe('Separate login for the worker. Default: DATABASE_URL.'),
  DATABASE_URL_FILE: fileOf('DATABASE_URL'),
  DATABASE_API_URL_FILE: fileOf('DATABASE_API_URL'),
  DATABASE_PROJECTOR_URL_FILE: fileOf('DATABASE_PROJECTOR_URL'),
  DATABASE_WORKER_URL_FILE: fileOf('DATABASE_WORKER_URL'),
  EVENTSTORE_URL_FILE: fileOf('EVENTSTORE_URL'),
  REDIS_URL_FILE: fileOf('REDIS_URL'),
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
    .describe('Embedded data, demo.json, secrets.json, keys, logs and outbox.'),
  LEDGER_DEMO: z
    .enum(demoKinds)
    .default('full')
    .describe(
      'The demo of a new data directory: none, license (one organization with a license), or full (also Acme Tools, with two simulated years). Later starts ignore it.',
    ),
  LEDGER_SECRET: z
    .string()
    .optional()
    .describe(
      'At least 32 random bytes in base64 (openssl rand -base64 32), or several, separated by commas. The first signs, all verify. Required with DATABASE_URL. The embedded mode creates its own. License keys can be checked only as long as their secret is kept.',
    ),
  LEDGER_SECRET_FILE: z
    .string()
    .optional()
    .describe('File that contains LEDGER_SECRET. ledger secrets rotate edits it.'),
  LEDGER_ENV_FILE: z
    .string()
    .optional()
    .describe(
      'File that is read instead of .env in the working directory, or none. Only the environment can set it. Default: .env, when there is one.',
    ),
  JWT_KEYS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Directory of the ES256 keys of access tokens. The newest signs, all verify. API processes share it. Default: keys in LEDGER_DATA_DIR.',
    ),
  LEDGER_ORIGIN: logName
    .optional()
    .describe(
      'Name of this installation in the logs of its issuers, such as ledger.example. It stands in the first checkpoint of a log and stays. Default: a random one for each installation.',
    ),
  LEDGER_LOG_KEYS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Directory of the private keys of the logs. Notaries share it. No backup of the databases contains it. Default: log-keys in LEDGER_DATA_DIR.',
    ),
  LEDGER_CHECKPOINT_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Directory of the last checkpoint of each log, which shows that an older backup was restored. Each notary has its own, outside of the databases. Default: checkpoints in LEDGER_DATA_DIR.',
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
  SIGNUP_MODE: z
    .enum(signupModes)
    .optional()
    .describe(
      'Who may become a user: closed (nobody; ledger init creates the first OWNER), invited (persons with an invitation) or open (everybody). Default: open in the embedded mode, closed with DATABASE_URL.',
    ),
  SIGNUP_POLICY: signupPolicy
    .optional()
    .describe(
      'Platform organization and its policy, as org_…/pol_…. New organizations get a license of it. Default: none.',
    ),
  MAIL_URL: smtpUrl.describe(
    'Mail server, as smtp://name:password@host:587 or smtps://host. Set it together with MAIL_FROM and PUBLIC_URL. Without it the embedded mode writes mails into outbox in LEDGER_DATA_DIR, and with DATABASE_URL no mail is sent.',
  ),
  MAIL_URL_FILE: fileOf('MAIL_URL'),
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
  LEDGER_INIT_ORGANIZATION: z.string().optional().describe('Name of the organization that ledger init creates.'),
  LEDGER_INIT_EMAIL: z.string().optional().describe('E-mail address of the OWNER that ledger init creates.'),
  LEDGER_INIT_PASSWORD: z
    .string()
    .optional()
    .describe('Password of that OWNER. Without it ledger init reads or generates one, as its options say.'),
  LEDGER_INIT_PASSWORD_FILE: z.string().optional().describe('File that contains LEDGER_INIT_PASSWORD.'),
  LEDGER_INIT_API_KEY_NAME: z
    .string()
    .optional()
    .describe('Name of the API key that ledger init creates. Default: first key.'),
  ...eventStoreVariables,
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level to log.'),
  STOP_DELAY_SECONDS: wholeSeconds
    .min(0)
    .max(300)
    .optional()
    .describe(
      'Seconds for which a process that is to stop still serves, while /readyz answers 503, so that load balancers notice. Default: 3 when NODE_ENV is production, else 0.',
    ),
  LOG_FORMAT: z
    .enum(['auto', 'json', 'text'])
    .default('auto')
    .describe('json, text (for people), or auto: text on a terminal, JSON elsewhere.'),
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

/** The variables after parsing, with defaults. */
export type Variables = z.output<typeof variablesSchema>;

/** Returns the text of `.env.example`: every variable with its meaning and default. */
export const envExample = (): string => {
  const blocks = Object.entries(variablesSchema.shape).map(([name, variable]) => {
    const fallback = variable instanceof z.ZodPrefault ? variable.def.defaultValue : variable.safeParse(undefined).data;
    return `# ${variable.description}\n# ${name}=${fallback ?? ''}\n`;
  });
  return [
    '# Generated from src/config-variables.ts by `ledger env-example --write`. Every line is optional. Commands read a copy that is\n# named .env in the working directory. A variable of the environment wins over it.\n',
    ...blocks,
  ].join('\n');
};
