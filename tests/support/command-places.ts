import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { bootstrapApiKey } from '../../src/application/bootstrap/bootstrap-api-key.ts';
import { bootstrapOrganization } from '../../src/application/bootstrap/bootstrap-organization.ts';
import { assemble } from '../../src/cli/server/assemble.ts';
import { configuredServers } from '../../src/cli/server/open-servers.ts';
import { allRoles } from '../../src/cli/server/roles.ts';
import { loadConfig } from '../../src/config.ts';
import { scopes } from '../../src/domain/organization/events.ts';
import { places, writeRuntime } from '../../src/embedded/data-directory.ts';
import { tryLock } from '../../src/embedded/lock.ts';
import { withBreaks } from './broken-chain.ts';
import { startStore } from './event-store.ts';
import { createLog } from './license-fixtures.ts';
import { condition } from './product.ts';
import { createReadModels } from './read-models.ts';

/**
 * Where a command runs. `RUNNING`: next to a server with all roles on configured servers. `DAMAGED`: servers with a broken
 * hash chain, on which no process ran. `SILENT`: configured servers that do not answer. `LOCAL`: the embedded mode with an
 * existing data directory. `NOWHERE`: the embedded mode without one.
 */
export type CommandPlace = 'RUNNING' | 'DAMAGED' | 'SILENT' | 'LOCAL' | 'NOWHERE';

const secret = Buffer.alloc(32, 7).toString('base64');

/** Opens the places in the process of the test: real servers, and no process but Postgres. */
export const openCommandPlaces = async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'ledger-places-'));
  const at = (name: string) => path.join(directory, name);
  const log = createLog();
  const licenseId = log.issue('broken');
  log.activate(licenseId, 'a');
  const [models, others, store, damaged] = await Promise.all([
    createReadModels(),
    createReadModels(),
    startStore(),
    startStore([withBreaks(log.log, `license-${licenseId}`, [1n])]),
  ]);
  const urlsOf = (databaseUrl: string, eventStoreUrl: string, name: string) => ({
    ...{ DATABASE_URL: databaseUrl, EVENTSTORE_URL: eventStoreUrl, LEDGER_SECRET: secret },
    ...{ LEDGER_DATA_DIR: at(name), PORT: '0', MANAGEMENT_PORT: '0', RATE_LIMITS: 'off', EXPIRY_SWEEP_SECONDS: '1' },
  });
  const environments: Record<CommandPlace, Readonly<Record<string, string>>> = {
    RUNNING: urlsOf(models.url, store.url, 'running'),
    DAMAGED: urlsOf(others.url, damaged.url, 'damaged'),
    SILENT: urlsOf('postgres://ledger@127.0.0.1:1/none', 'esdb://127.0.0.1:1?tls=false', 'silent'),
    LOCAL: { LEDGER_DATA_DIR: at('local') },
    NOWHERE: { LEDGER_DATA_DIR: at('nowhere'), PORT: '0', MANAGEMENT_PORT: '0' },
  };
  const config = loadConfig(environments.RUNNING);
  if (config.servers.mode !== 'servers') throw new Error('The servers are not configured.');
  const servers = configuredServers(config.servers);
  const ledger = await assemble({ config, servers, roles: allRoles, log: pino({ level: 'silent' }) });
  const count = async (rows: string) => (await models.superuser.query(`select from ${rows}`)).rowCount;
  await condition('the process is well', async () => (await count(`ops.processes where status = 'ok'`)) === 1);
  mkdirSync(places(at('local')).logs, { recursive: true });
  writeFileSync(places(at('local')).marker, '');

  const needs = { ...ledger, pool: ledger.apiPool, now: () => ledger.now().toISOString() };
  /** Lets the running server park the stream of an organization. Returns what mends the rows. */
  const parkStream = async () => {
    await models.superuser.query(`alter table rm.organizations add constraint broken check (name <> 'Sick') not valid`);
    await bootstrapOrganization(needs, { commandId: randomUUID(), name: 'Sick' });
    await condition('the stream is parked', async () => (await count('ops.parked')) === 1);
    return () => models.superuser.query('alter table rm.organizations drop constraint broken');
  };

  /** Lets LOCAL name servers as those of a running one, with a demo on `baseUrl`. Returns what ends that. */
  const runLocally = async (eventStoreUrl: string, baseUrl: string) => {
    const lock = await tryLock(places(at('local')).lock);
    await writeRuntime(at('local'), { pid: process.pid, databaseUrl: others.url, eventStoreUrl, startedAt: '' });
    const { organizationId } = await bootstrapOrganization(needs, { commandId: randomUUID(), name: 'Demo' });
    const key = await bootstrapApiKey(needs, { commandId: randomUUID(), organizationId, name: 'demo', scopes });
    await ledger.waiter.waitFor(key.position, 10_000);
    writeFileSync(path.join(at('local'), 'demo.json'), JSON.stringify({ baseUrl, apiKey: key.apiKey }));
    return async () => {
      if (lock.isAcquired) await lock.release();
      rmSync(places(at('local')).runtime);
    };
  };
  const close = async () => {
    await ledger.stop();
    await Promise.all([store.stop(), damaged.stop()]);
    await Promise.all([models.drop(), others.drop()]);
    rmSync(directory, { recursive: true, force: true });
  };
  return {
    at,
    environments,
    models,
    store,
    damaged,
    baseUrl: String(ledger.baseUrl),
    count,
    parkStream,
    runLocally,
    close,
  };
};
