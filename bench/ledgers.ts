import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { bootstrapApiKey } from '../src/application/bootstrap/bootstrap-api-key.ts';
import { bootstrapOrganization } from '../src/application/bootstrap/bootstrap-organization.ts';
import { assemble, type Ledger } from '../src/cli/server/assemble.ts';
import type { Role } from '../src/cli/server/roles.ts';
import { loadConfig } from '../src/config.ts';
import { scopes } from '../src/domain/organization/events.ts';
import { type Stack, startStack } from '../src/embedded/stack.ts';
import { ensureSecret, readSecrets } from '../src/embedded/stored-secrets.ts';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { parseSecrets } from '../src/identity/secrets.ts';
import { type RebuildProgress, rebuild } from '../src/projections/rebuild/rebuild.ts';
import { prune } from '../src/projections/rebuild/roll-back.ts';
import { type Vendor, writeBulkLog } from './bulk-log.ts';

/** A data directory with a vendor, its API key and projected licenses. No process uses it. */
export type BenchLedger = {
  readonly dataDir: string;
  readonly secret: string;
  readonly vendor: Vendor;
  readonly apiKey: string;
  readonly licenses: number;
};

/**
 * Creates a data directory, and projects its licenses with a rebuild.
 */
export const makeLedger = async (licenses: number, say: (line: string) => void): Promise<BenchLedger> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ledger-bench-'));
  const secret = await ensureSecret(dataDir, 'LEDGER_SECRET', () => randomBytes(32).toString('base64'));
  const first = await startStack({ dataDir });
  const { organizationId, apiKey } = await createVendor(first, secret);
  const vendor = { organizationId, secrets: parseSecrets(secret) };
  if (licenses > 0) {
    say(`writing ${licenses} licenses into the event store`);
    const log = await connectAs(first, dataDir, 'eventstore');
    await writeBulkLog(log, vendor, licenses);
    await log.query('vacuum analyze');
    await log.end();
  }
  await first.stop();
  const ledger = { dataDir, secret, vendor, apiKey, licenses };
  if (licenses > 0) await project(ledger, say);
  return ledger;
};

/** Connects to the event store's database with its login, or to the product's database as superuser. */
export const connectAs = async (
  stack: Pick<Stack, 'databaseUrl'>,
  dataDir: string,
  login: 'eventstore' | 'postgres',
): Promise<pg.Client> => {
  const url = new URL(stack.databaseUrl);
  url.username = login;
  url.password = (await readSecrets(dataDir))[`${login}-password`] ?? '';
  if (login === 'eventstore') url.pathname = '/eventstore';
  const db = new pg.Client(url.href);
  await db.connect();
  return db;
};

/** The configuration of a measured product. Rate limits are on, but no load of a benchmark reaches them. */
export const raisedLimits = {
  DEFAULT_TIER: 'ENTERPRISE',
  RATE_LIMITS: [
    'validate',
    'activate',
    'unknown_key',
    'enterprise',
    'enterprise_hour',
    'enterprise_day',
    'login',
    'login_account',
    'signup',
  ]
    .map((name) => `${name}=1000000000`)
    .join(','),
};

/** Starts the product with these roles in this process, on a running stack. */
export const assembleOn = (
  { databaseUrl, eventStoreUrl }: Pick<Stack, 'databaseUrl' | 'eventStoreUrl'>,
  secret: string,
  roles: readonly Role[],
  log = pino({ level: 'warn' }),
): Promise<Ledger> => {
  const config = { ...loadConfig({ PORT: '0', MANAGEMENT_PORT: '0', ...raisedLimits }), secret };
  const urls = { databaseUrl, apiUrl: databaseUrl, projectorUrl: databaseUrl, workerUrl: databaseUrl, eventStoreUrl };
  const servers = { ...urls, embedded: true, failed: new Promise<string>(() => {}), stop: async () => {} };
  return assemble({ config, servers, roles, log });
};

const project = async ({ dataDir }: BenchLedger, say: (line: string) => void): Promise<void> => {
  const stack = await startStack({ dataDir });
  const { databaseUrl, eventStoreUrl } = stack;
  const store = connectEventStore({ url: eventStoreUrl });
  const log = pino({ level: 'warn' });
  const { signal } = new AbortController();
  const startedAt = performance.now();
  let saidAt = startedAt;
  const onProgress = ({ phase, events }: RebuildProgress) => {
    if (performance.now() - saidAt < 10_000) return;
    saidAt = performance.now();
    say(`${phase}, ${events} events since ${seconds(startedAt)} s`);
  };
  // The serving read models have only the vendor.
  const rebuilding = { store, databaseUrl, projectorUrl: databaseUrl, log, signal, onProgress };
  await rebuild({ ...rebuilding, force: true, settleMs: 0 });
  say(`projected in ${seconds(startedAt)} s`);
  await prune({ databaseUrl });
  await store.close();
  const db = await connectAs(stack, dataDir, 'postgres');
  await db.query('vacuum analyze');
  await db.query('checkpoint');
  await db.end();
  await stack.stop();
};

const createVendor = async (stack: Stack, secret: string) => {
  const [vendor] = await createVendors(stack, secret, 1);
  if (vendor === undefined) throw new Error('No organization was created.');
  return vendor;
};

/** Creates organizations with an API key each. It starts and stops the product for that. */
export const createVendors = async (
  stack: Pick<Stack, 'databaseUrl' | 'eventStoreUrl'>,
  secret: string,
  count: number,
): Promise<readonly { readonly organizationId: string; readonly apiKey: string }[]> => {
  const ledger = await assembleOn(stack, secret, ['projector']);
  const { executor, apiPool: pool, secrets, waiter } = ledger;
  const needs = { executor, pool, secrets, now: () => new Date().toISOString() };
  const vendors: { organizationId: string; apiKey: string }[] = [];
  let last = 0n;
  for (let index = 0; index < count; index++) {
    const { organizationId } = await bootstrapOrganization(needs, { commandId: randomUUID(), name: 'Bench' });
    const key = { commandId: randomUUID(), organizationId, name: 'bench', scopes };
    const { apiKey, position } = await bootstrapApiKey(needs, key);
    vendors.push({ organizationId, apiKey });
    last = position;
  }
  await waiter.waitFor(last, 10_000);
  await ledger.stop();
  return vendors;
};

const seconds = (startedAt: number): string => ((performance.now() - startedAt) / 1_000).toFixed(0);
