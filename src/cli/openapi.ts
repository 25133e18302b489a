import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequestLog } from '../api/monitoring/logging.ts';
import { createMetrics } from '../api/monitoring/metrics.ts';
import { openApiText } from '../api/openapi/document.ts';
import { createRoutes } from '../api/routes.ts';
import { noObservations } from '../application/observing/observations.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { createExecutor } from '../eventstore/executor/execute.ts';
import { noKeeper } from '../eventstore/snapshots/snapshot-keeper.ts';
import { parseSecrets } from '../identity/secrets.ts';
import { createPool } from '../projections/connect.ts';
import { noFollowers } from '../projections/feed-followers.ts';
import { createValidationReader } from '../projections/queries/validation.ts';
import { version } from '../version.ts';
import { createLog } from './create-log.ts';
import { noAccounts } from './server/accounts.ts';

/** `ledger openapi`: prints the document, or writes it to openapi.json in the current directory. Needs no server. */
export const openApiCommand = ({ write }: { write: boolean }): void => {
  if (write) writeFileSync('openapi.json', currentOpenApi());
  else process.stdout.write(currentOpenApi());
};

/** Returns the document of this version's routes. Their parts would connect at their first use, which never comes. */
export const currentOpenApi = (): string => {
  const log = createLog('silent');
  const pool = createPool({ url: 'postgres://nowhere', role: 'ledger_api', max: 1, log });
  const secrets = parseSecrets(randomBytes(32).toString('base64'));
  const store = connectEventStore({ url: 'esdb://nowhere?tls=false' });
  const routes = createRoutes({
    authenticate: {
      apiKey: async () => null,
      user: async () => null,
    },
    executor: createExecutor({ store }),
    store,
    logId: null,
    keeper: noKeeper,
    pool,
    feedPool: pool,
    followers: noFollowers,
    validations: createValidationReader(pool),
    secrets,
    observations: noObservations,
    licenseKeyPrefix: 'LL',
    accounts: noAccounts,
    mailing: false,
    platformLicense: async () => null,
    forgetApiKey: () => undefined,
    watchAccess: () => () => undefined,
    log: createRequestLog(log),
    metrics: createMetrics(),
    now: () => '',
    ready: async () => [],
    version: { version },
  });
  return openApiText(routes, version);
};
