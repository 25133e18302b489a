import { createApi } from '../../api/api.ts';
import { readsMax } from '../../api/events/shared-reads.ts';
import { createRequestLog, type RequestLog } from '../../api/monitoring/logging.ts';
import { createManagement } from '../../api/monitoring/management.ts';
import type { Metrics } from '../../api/monitoring/metrics.ts';
import type { LocalGuide } from '../../api/pages/local-guide.ts';
import { findSignupOffer } from '../../application/accounts/signup-offer.ts';
import { createObservations, type Observations } from '../../application/observing/observations.ts';
import { startObservationWriter } from '../../application/observing/write-observations.ts';
import { listenForAccessChanges } from '../../identity/access/access-listener.ts';
import { type AccessNotices, createAccessNotices } from '../../identity/access/access-notices.ts';
import { type AuthenticateApiKey, createAuthenticate } from '../../identity/authenticate.ts';
import { createFeedFollowers } from '../../projections/feed-followers.ts';
import { createValidationReader } from '../../projections/queries/validation.ts';
import { isLoopback } from '../../reachable-url.ts';
import { version } from '../../version.ts';
import type { ProcessHealth } from '../health/open-health.ts';
import { openAccounts } from './accounts.ts';
import { createFront } from './create-front.ts';
import { listen, shutDown } from './listen.ts';
import type { Parts } from './process-parts.ts';

/**
 * Serves the management port and, with the role `api`, the API. Both answer until the end of the stop delay. Returns the
 * URL of the API, or null without that role.
 */
export const serve = async (parts: Parts, metrics: Metrics, health: ProcessHealth): Promise<string | null> => {
  const { config, roles, secrets, waiter, apiPool, now, log, onStop } = parts;
  const notices = createAccessNotices();
  const apiKey = createAuthenticate({
    pool: apiPool,
    secrets,
    nowMs: () => now().getTime(),
    untilProjected: waiter.waitFor,
    notices,
    onError: (error) => log.warn(error, 'The use of an API key could not be noted.'),
  });
  const stopping = new AbortController();
  const shared = {
    stopping: stopping.signal,
    waitUntilProjected: waiter.waitFor,
    log: createRequestLog(log),
    metrics,
    ready: health.check,
    version: { version, node: process.version },
  };
  // Everybody who reaches the management port gets its answers, without a credential.
  const management = createManagement({
    ...shared,
    authenticate: { apiKey, user: async () => null },
  });
  const managing = await listen(management, config.managementHost, config.managementPort);
  onStop(shutDown(managing));
  if (!roles.includes('api')) {
    onStop(health.announceStop);
    return null;
  }

  const guide = guideOf(parts, managing.url);
  const server = await createApiServer(parts, { ...shared, guide }, { apiKey, notices });
  const listening = await listen(server, config.host, config.port);
  health.noteServing();
  onStop(shutDown(listening));
  onStop(async () => stopping.abort());
  onStop(health.announceStop);
  return listening.url;
};

// One for each page that is read at a time, and one for the reader that wakes streams.
const feedConnections = readsMax + 1;

// A server that others reach, or that has a proxy in front, shows nothing of the machine.
const guideOf = ({ config, demo = () => null }: Parts, managementUrl: string): LocalGuide | null =>
  isLoopback(config.host) && config.trustProxy === 0 ? { managementUrl, demo } : null;

type Shared = Omit<Parameters<typeof createManagement>[0], 'authenticate'> & {
  readonly log: RequestLog;
  readonly guide: LocalGuide | null;
};

const createApiServer = async (
  parts: Parts,
  shared: Shared,
  { apiKey, notices }: { readonly apiKey: AuthenticateApiKey; readonly notices: AccessNotices },
): Promise<ReturnType<typeof createApi>['server']> => {
  const { config, servers, executor, store, logId, keeper, secrets, waiter, apiPool, now, log, openPool, onStop } =
    parts;
  const { demoOrganizationIds } = parts;
  const untilProjected = waiter.waitFor;
  const {
    accounts,
    user,
    close: closeAccounts,
  } = await openAccounts(config, { pool: apiPool, now, log, untilProjected, notices });
  const { metrics } = shared;
  const {
    front,
    platformLicense,
    close: closeFront,
  } = createFront(config, { pool: apiPool, now, log, metrics, demoOrganizationIds });
  onStop(closeAccounts);
  onStop(listenForAccessChanges({ url: servers.apiUrl, notices, onState: reportListening(log) }).stop);
  onStop(closeFront);
  const feedPool = openPool(servers.apiUrl, 'ledger_api', feedConnections);
  const followers = createFeedFollowers({ pool: feedPool, projected: waiter, log });
  onStop(followers.stop);
  const observations = startObserving(parts, metrics);
  // A faulty signup policy does not stop the start: an operator may create its organization and policy on this server.
  if (config.signupPolicy !== null) findSignupOffer(executor, config.signupPolicy).catch((error) => log.error(error));
  return createApi({
    ...shared,
    front,
    platformLicense,
    accounts,
    mailing: config.mail !== null,
    forgetApiKey: notices.note,
    watchAccess: notices.watch,
    authenticate: { apiKey, user },
    executor,
    store,
    logId,
    keeper,
    pool: apiPool,
    feedPool,
    followers,
    // Two connections carry all validations. More connections would only compete for the same two cores.
    validations: createValidationReader(openPool(servers.apiUrl, 'ledger_api', 2)),
    observations,
    secrets,
    licenseKeyPrefix: config.licenseKeyPrefix,
    now: () => now().toISOString(),
  }).server;
};

/** Starts writing what requests observe. The last write comes after the last request, and before the pool closes. */
const startObserving = ({ servers, openPool, onStop, log }: Parts, metrics: Metrics): Observations => {
  const observations = createObservations(metrics.dropped);
  const writer = startObservationWriter({
    pool: openPool(servers.apiUrl, 'ledger_api', 1),
    observations,
    onError: (error) => log.warn({ err: error }, 'The process could not write observations of use. It tries again.'),
    onLost: (count) =>
      log.warn({ count }, 'Observations of use are lost, because Postgres did not take them in time. Check Postgres.'),
  });
  onStop(writer.stop);
  return observations;
};

const reportListening =
  (log: Parts['log']) =>
  (lost: unknown): void => {
    if (lost === null) log.info('Notices of access changes arrive again.');
    else log.warn({ err: lost }, 'Notices of access changes do not arrive. Rights are read again every second.');
  };
