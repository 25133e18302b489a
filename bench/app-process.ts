import type { Server } from 'node:http';
import { destination, pino } from 'pino';
import { createAdmission } from '../src/api/admission/admission.ts';
import { createApi } from '../src/api/api.ts';
import type { Front } from '../src/api/front.ts';
import { createRequestLog } from '../src/api/monitoring/logging.ts';
import { createMetrics } from '../src/api/monitoring/metrics.ts';
import { createRateLimiter } from '../src/api/rate-limit/rate-limiter.ts';
import { noObservations } from '../src/application/observing/observations.ts';
import { noAccounts } from '../src/cli/server/accounts.ts';
import { listen } from '../src/cli/server/listen.ts';
import { allRoles, type Role } from '../src/cli/server/roles.ts';
import { loadConfig } from '../src/config.ts';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { createExecutor } from '../src/eventstore/executor/execute.ts';
import { noKeeper } from '../src/eventstore/snapshots/snapshot-keeper.ts';
import { createAccessNotices } from '../src/identity/access/access-notices.ts';
import { createAuthenticate } from '../src/identity/authenticate.ts';
import { licenseKeyHashes, parseLicenseKey } from '../src/identity/license-key.ts';
import { parseSecrets } from '../src/identity/secrets.ts';
import { createPool } from '../src/projections/connect.ts';
import { noFollowers } from '../src/projections/feed-followers.ts';
import { createValidationReader } from '../src/projections/queries/validation.ts';
import { standardLimits } from '../src/rate-limits.ts';
import { assembleOn, raisedLimits } from './ledgers.ts';
import { floorApp, naiveApp, plainApp } from './plain-apps.ts';

/**
 * The program of a server process of the benchmark. `product` is the whole product. `constant` is its API with a
 * constant in place of the database call of validate. `plain` is an Express app with the same input and answer and no
 * database. `floor` is the same app on our server. `naive` is the plain app with a key query and four statements per
 * request.
 */
export type Variant = 'product' | 'constant' | 'plain' | 'floor' | 'naive';
export type AppOptions = {
  readonly variant: Variant;
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  readonly secret: string;
  /** The key of the license that the constant answer is computed from. The product does not need it. */
  readonly licenseKey?: string | undefined;
  /** The roles of the product. Default: all. */
  readonly roles?: readonly Role[];
};

// The benchmark includes logging, but not the disk that the lines are written to.
const log = pino({ level: 'info' }, destination({ dest: '/dev/null', sync: false }));

// The benchmark includes the rate limits.
const limits = loadConfig(raisedLimits).rateLimits ?? standardLimits;
const tierOf = async () => 'ENTERPRISE' as const;
const measuredFront: Front = {
  rateLimiting: {
    limiter: createRateLimiter({ limits, nowMs: Date.now, redis: null, log }),
    tierOf,
    defaultTier: 'ENTERPRISE',
  },
  admission: createAdmission({ tierOf, onRefused: () => undefined }),
  trustProxy: 0,
  corsOrigins: [],
};

const start = async (options: AppOptions): Promise<string> => {
  const { variant, databaseUrl, eventStoreUrl, secret, licenseKey = '', roles = allRoles } = options;
  if (variant === 'product') return (await assembleOn(options, secret, roles, log)).baseUrl ?? '';

  const secrets = parseSecrets(secret);
  const pool = createPool({ url: databaseUrl, role: 'ledger_api', max: 10, log });
  const reader = createValidationReader(pool);
  const facts = await reader.byKey(licenseKeyHashes(secrets, parseLicenseKey(licenseKey) ?? ''));
  const store = connectEventStore({ url: eventStoreUrl });
  const servers: Record<Exclude<Variant, 'product'>, () => Server> = {
    plain: () => plainApp(facts),
    floor: () => floorApp(facts),
    naive: () => naiveApp(pool, secrets),
    constant: () =>
      createApi({
        authenticate: {
          apiKey: createAuthenticate({
            pool,
            secrets,
            nowMs: Date.now,
            untilProjected: async () => true,
            notices: createAccessNotices(),
            onError: (error) => log.error(error),
          }),
          user: async () => null,
        },
        stopping: new AbortController().signal,
        front: measuredFront,
        accounts: noAccounts,
        mailing: false,
        platformLicense: async () => null,
        forgetApiKey: () => undefined,
        watchAccess: () => () => undefined,
        validations: { ...reader, byKey: async () => facts },
        executor: createExecutor({ store }),
        store,
        logId: null,
        keeper: noKeeper,
        feedPool: pool,
        followers: noFollowers,
        waitUntilProjected: async () => true,
        log: createRequestLog(log),
        metrics: createMetrics(),
        ready: async () => [],
        version: { version: 'bench' },
        observations: noObservations,
        licenseKeyPrefix: 'LL',
        now: () => new Date().toISOString(),
        pool,
        secrets,
      }).server,
  };
  return (await listen(servers[variant](), '127.0.0.1', 0)).url;
};

process.once('message', async (options: AppOptions) => process.send?.({ url: await start(options) }));
process.on('disconnect', () => process.exit());
