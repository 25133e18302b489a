import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Pool } from 'pg';
import { createApi } from '../../src/api/api.ts';
import type { Accounts } from '../../src/api/auth/auth-needs.ts';
import { readsMax } from '../../src/api/events/shared-reads.ts';
import type { Front } from '../../src/api/front.ts';
import { createRequestLog } from '../../src/api/monitoring/logging.ts';
import { createMetrics, type Metrics } from '../../src/api/monitoring/metrics.ts';
import type { LocalGuide } from '../../src/api/pages/local-guide.ts';
import { bootstrapApiKey } from '../../src/application/bootstrap/bootstrap-api-key.ts';
import { bootstrapOrganization } from '../../src/application/bootstrap/bootstrap-organization.ts';
import { createPlatformLicenseOf } from '../../src/application/organizations/platform-license.ts';
import { type Role, type Scope, scopes } from '../../src/domain/organization/events.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { createSnapshotKeeper } from '../../src/eventstore/snapshots/snapshot-keeper.ts';
import { listenForAccessChanges } from '../../src/identity/access/access-listener.ts';
import { createAccessNotices } from '../../src/identity/access/access-notices.ts';
import { createAccessTokens } from '../../src/identity/access-token.ts';
import { createAuthenticate } from '../../src/identity/authenticate.ts';
import { createAuthenticateUser } from '../../src/identity/authenticate-user.ts';
import { createPool } from '../../src/projections/connect.ts';
import { createProjectedWaiter } from '../../src/projections/projected.ts';
import { createValidationReader } from '../../src/projections/queries/validation.ts';
import { runProjector } from '../../src/projections/run-projector.ts';
import { createStreamSnapshots } from '../../src/records/stream-snapshots.ts';
import { collectLog } from './collect-log.ts';
import { undeclared } from './declared.ts';
import { startStore } from './event-store.ts';
import { unlimitedFront } from './limits.ts';
import { startObserving } from './observing.ts';
import { consent, trustEachOther } from './organizations.ts';
import { outsideServers } from './outside-servers.ts';
import { cheapPasswords } from './passwords.ts';
import { createReadModels } from './read-models.ts';
import { createTestRing, createUser, joinOrganization, openTestSession, testSecrets } from './users.ts';
import { createWaitingFollowers } from './waiting-followers.ts';

/** An organization with an API key that has every scope. */
export type TestOrganization = { readonly organizationId: string; readonly apiKey: string; readonly apiKeyId: string };

/** A user who is a member of an organization, signed in for it. */
export type TestMember = {
  readonly userId: string;
  readonly email: string;
  readonly accessToken: string;
  readonly sessionId: string;
  readonly refreshToken: string;
};

/** An answer, read to its end. `body` is its JSON, an empty object when it has none. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Fields;
};

/** JSON of which a test says what it expects. */
export type Fields = { readonly [name: string]: Fields };

type Sent = {
  readonly key?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What limits are made of. */
type FrontParts = { readonly pool: Pool; readonly nowMs: () => number; readonly metrics: Metrics };

/**
 * The whole product but for its processes, on a free port: API, executor, event store server, projector, Postgres. Two
 * organizations exist. `clock.aheadMs` moves the API's clock, `faults` are those of the event store server.
 * Nothing is limited unless `frontOf` says so.
 */
export const startLedger = async ({
  frontOf = unlimitedFront,
  signupPolicy = null,
  signupMode = 'open',
  apiConnections,
  storePortOf = async (port) => port,
  giveUpMs = 1_000,
  gathersAppends = outsideServers.eventStoreUrl === null,
  mailing = true,
  guide = null,
  passwords = cheapPasswords(),
}: Partial<Pick<Accounts, 'passwords' | 'signupPolicy' | 'signupMode'>> & {
  frontOf?: (parts: FrontParts) => Front;
  /** How many connections to Postgres the API has. */
  apiConnections?: number;
  /** Returns the port of what is between the API and the event store, which has this port. */
  storePortOf?: (port: number) => Promise<number>;
  /** How long the API repeats an append whose outcome is unknown. */
  giveUpMs?: number;
  /** Whether the API gathers its appends into one call, as the product does with the embedded event store. */
  gathersAppends?: boolean;
  /** Whether mails are queued. */
  mailing?: boolean;
  /** What pages show on this machine. */
  guide?: LocalGuide | null;
} = {}) => {
  const [store, database] = await Promise.all([
    startStore(),
    createReadModels(apiConnections === undefined ? {} : { apiConnections }),
  ]);
  const log = collectLog();
  const connected = store.connect({ port: await storePortOf(store.server.port), gathersAppends });
  const stopping = new AbortController();
  const startProjector = () => {
    const ending = new AbortController();
    const { done } = runProjector({
      store: store.connect(),
      pool: database.projector,
      log: log.pino,
      signal: AbortSignal.any([ending.signal, stopping.signal]),
    });
    return { done, stop: () => ending.abort() };
  };
  let projector = startProjector();
  const projected = createProjectedWaiter({ url: database.url, log: log.pino });
  const feedPool = createPool({ url: database.url, role: 'ledger_api', max: readsMax + 1, log: log.pino });
  const followers = createWaitingFollowers(feedPool, projected);
  const clock = { aheadMs: 0 };
  const nowMs = () => Date.now() + clock.aheadMs;
  const now = () => new Date(nowMs()).toISOString();
  const secrets = { ...testSecrets };
  const keeper = createSnapshotKeeper({ snapshots: createStreamSnapshots(database.api) });
  const executor = createExecutor({ store: connected, keeper, giveUpMs, limitMs: 60_000 });
  const needs = { executor, pool: database.api, secrets, now };
  const metrics = createMetrics();

  const ring = createTestRing();
  const accessTokens = createAccessTokens({ ring, accessTokenSeconds: 3_600, nowMs });
  const { verifyAccessToken, signAccessToken } = accessTokens;
  // What is remembered grows old with the clock that tests move.
  const elapsedMs = () => performance.now() + clock.aheadMs;
  const notices = createAccessNotices(elapsedMs);
  const listener = listenForAccessChanges({
    ...{ url: database.url, notices, elapsedMs },
    onState: (lost) => log.pino.warn({ err: lost }, 'Notices of access changes do not arrive, or arrive again.'),
  });
  const remembering = { pool: database.api, nowMs, elapsedMs, notices, untilProjected: projected.waitFor };
  const user = createAuthenticateUser({ ...remembering, verifyAccessToken });

  const apiKey = createAuthenticate({
    ...{ ...remembering, secrets, onError: (error) => log.pino.error(error) },
  });

  const observing = startObserving(database.url, metrics);
  const { server, routes } = createApi({
    ...{ ...needs, logId: null, observations: observing.observations },
    licenseKeyPrefix: 'LL',
    authenticate: { apiKey, user },
    accounts: {
      ...{ passwords, signAccessToken, refreshTokenSeconds: 604_800, jwks: ring.jwks },
      ...{
        forgetting: { forget: notices.note, forgetUser: notices.note },
        signupPolicy,
        signupMode,
        defaultTier: 'FREE',
      },
    },
    platformLicense: createPlatformLicenseOf({
      ...{ pool: database.api, now, platformOrgId: signupPolicy?.organizationId ?? null },
    }),
    forgetApiKey: notices.note,
    watchAccess: notices.watch,
    mailing,
    guide,
    stopping: stopping.signal,
    front: frontOf({ pool: database.api, nowMs, metrics }),
    ...{ store: connected, keeper },
    feedPool,
    followers,
    streamHeartbeatMs: 200,
    validations: createValidationReader(database.api),
    waitUntilProjected: projected.waitFor,
    log: createRequestLog(log.pino),
    metrics,
    ready: async () => [],
    version: { version: '0.0.0' },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const createKey = async (organizationId: string, scopes: readonly Scope[]) => {
    const created = await bootstrapApiKey(needs, { commandId: randomUUID(), organizationId, name: 'test', scopes });
    await projected.waitFor(created.position, 10_000);
    return { organizationId, apiKey: created.apiKey, apiKeyId: created.apiKeyId };
  };
  const createVendor = async (name: string): Promise<TestOrganization> => {
    const { organizationId } = await bootstrapOrganization(needs, { commandId: randomUUID(), name });
    return createKey(organizationId, scopes);
  };
  const createMember = async (organizationId: string, role: Role): Promise<TestMember> => {
    const user = await createUser(database.api);
    await joinOrganization(needs, { ...user, organizationId, role }).then((at) => projected.waitFor(at, 10_000));
    const at = { now: new Date(nowMs()), organizationId };
    const { sessionId, refreshToken } = await openTestSession(database.api, user.userId, at);
    const { token } = signAccessToken({ sub: user.userId, tid: organizationId, sid: sessionId });
    return { ...{ userId: user.userId, email: user.email }, accessToken: token, sessionId, refreshToken };
  };
  const parts = { executor, needs, projected };
  /** Two organizations that hold each other's licenses. */
  const createPair = async () =>
    trustEachOther(parts, await Promise.all([createVendor('Vendor A'), createVendor('Vendor B')]));
  const [a, b] = await createPair();

  const call = async (method: string, path: string, { key, body, headers = {} }: Sent = {}): Promise<Answer> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: bodyText(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    const answer = { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
    const fault = method === 'HEAD' ? null : undeclared(routes, { ...answer, method, path });
    if (fault !== null) throw new Error(fault);
    return answer;
  };

  return {
    baseUrl,
    ...{ a, b, clock, routes, secrets, needs, database, store, executor, projected, call, createKey, createVendor },
    ...{ createPair, createMember, ring, accessTokens, metrics, feedPool },
    writeObservations: observing.write,
    faults: store.server.faults,
    /** How many requests and streams wait for news of their feed. */
    hearing: followers.waiting,
    /** What a process does first when it is to stop. */
    beginStop: () => stopping.abort(),
    /** Ends the projector; what is returned starts another one. */
    stopProjector: async () => {
      projector.stop();
      await projector.done;
      return () => {
        projector = startProjector();
      };
    },
    logged: log.lines,
    /** Lets an organization hold the licenses of an issuer, A unless said otherwise. */
    consent: (holderOrgId: string, issuer: TestOrganization = a) => consent(parts, holderOrgId, issuer.organizationId),
    /** Issues a PRO license of organization A, with what is given on top. A holder has consented. */
    issue: async (fields: object = {}, organization: TestOrganization = a) => {
      if ('holderOrganizationId' in fields && typeof fields.holderOrganizationId === 'string')
        await consent(parts, fields.holderOrganizationId, organization.organizationId);
      const answer = await call('POST', '/v1/licenses', {
        key: organization.apiKey,
        body: { tier: 'PRO', products: ['local_cli', 'cloud_ide'], ...fields },
      });
      if (answer.status !== 201) throw new Error(`No license was issued: ${answer.text}`);
      return { licenseId: String(answer.body.license?.id), licenseKey: String(answer.body.licenseKey), answer };
    },
    /** Every event of the log. */
    events: async (): Promise<readonly Recorded[]> => {
      const reader = store.connect();
      const done = new AbortController();
      const events: Recorded[] = [];
      const streamPrefixes = ['license-', 'organization-', 'catalog-', 'reservation-', 'checkpoint-'];
      for await (const each of reader.follow('start', { streamPrefixes, signal: done.signal })) {
        if (!('idle' in each)) events.push(each);
        else if (each.isEnd) break;
      }
      done.abort();
      return events;
    },
    /** How many rows a change would leave behind: events in the read models, personal values, notes, idempotency keys. */
    traces: async (): Promise<Readonly<Record<string, number>>> => {
      const tables = ['rm.license_events', 'vault.personal_values', 'vault.license_metadata', 'ops.idempotency'];
      const counts = tables.map(async (table) => {
        const { rows } = await database.superuser.query<{ count: number }>(`select count(*)::int from ${table}`);
        return [table, rows[0]?.count ?? -1] as const;
      });
      return Object.fromEntries(await Promise.all(counts));
    },
    stop: async () => {
      stopping.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await projector.done;
      await Promise.all([followers.stop(), listener.stop(), observing.stop()]);
      await feedPool.end();
      await projected.stop();
      await store.stop();
      await database.drop();
    },
  };
};

/** The product, as a test holds it. */
export type Ledger = Awaited<ReturnType<typeof startLedger>>;

const bodyText = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array ? new Uint8Array(Buffer.from(body)) : JSON.stringify(body);
