import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { allScopes, createApiKey, createOrganization } from '../src/api/bootstrap.ts';
import { assemble } from '../src/cli/assemble.ts';
import { table } from '../src/cli/table.ts';
import { loadConfig } from '../src/config.ts';
import { startStack } from '../src/embedded/stack.ts';
import type { Variant } from './app-process.ts';
import { measureAppends } from './appends.ts';
import { measureDomain } from './domain.ts';
import { measureCommands, measureValidate, seed, startApp } from './http.ts';
import { measureStart } from './start.ts';

// `npm run bench -- --quick`: the same code for seconds, to see that it runs; its figures mean little.
const quick = process.argv.includes('--quick');
const [rounds, seconds, appends, licenses] = quick ? [1, 1, 500, 16] : [3, 5, 6_000, 256];
const round = (figure: number) => Math.round(figure).toLocaleString('en-US');
const ratio = (a: number, b: number) => (a / b).toFixed(2);

const start = await measureStart(rounds);
const domain = measureDomain(rounds);
const dataDir = await mkdtemp(join(tmpdir(), 'ledger-bench-'));
const stack = await startStack({ dataDir });
const { databaseUrl, eventStoreUrl } = stack;
const children: { process: { disconnect(): void } }[] = [];
try {
  const secret = randomBytes(32).toString('base64');
  const apiKey = await createVendor(secret);
  const startVariant = async (variant: Variant, licenseKey = '') => {
    const app = await startApp({ variant, databaseUrl, eventStoreUrl, secret, licenseKey });
    children.push(app);
    return app;
  };
  const product = await startVariant('product');
  const seeded = await seed(product.url, apiKey, licenses);
  const licenseKey = seeded.licenses[0]?.key;
  const apps = {
    product,
    constant: await startVariant('constant', licenseKey),
    plain: await startVariant('plain', licenseKey),
    floor: await startVariant('floor', licenseKey),
    naive: await startVariant('naive', licenseKey),
  };

  const validate = await measureValidate(apps, seeded, rounds, seconds);
  const store = await measureAppends(eventStoreUrl, rounds, appends);
  const commands = await measureCommands(product, seeded, rounds, seconds);

  const [{ model } = { model: 'unknown' }] = cpus();
  console.log(`${availableParallelism()} x ${model}, Node ${process.version}; best of ${rounds} interleaved rounds.\n`);
  const compared = (id: string, what: string, [one, other]: readonly [number, number], goal = '') => [
    id,
    what,
    ratio(one, other),
    goal,
    `${round(one)} / ${round(other)}`,
  ];
  const { steady } = validate;
  const rows = [
    compared('P1', 'validate / same without database', [validate.product, validate.constant], '>= 0.60'),
    compared('P1', 'validate / four statements on plain Express', [validate.product, validate.naive], '>= 5.00'),
    [
      'P1',
      'p99 of validate at 1,000 a second, ms',
      steady.p99.toFixed(1),
      '< 50',
      `${round(steady.perSecond)}, p50 ${steady.p50.toFixed(1)} ms`,
    ],
    compared('P3', 'our Express / plain Express, same work', [validate.floor, validate.plain], '>= 2.50'),
    compared('P3', 'whole API without database / plain Express', [validate.constant, validate.plain]),
    compared('P5', 'appends over gRPC / unary echo', [store.append, store.echo], '>= 0.40'),
    compared('P6', 'commands over HTTP / appends of P5', [commands.waited, store.append], '>= 0.60'),
    compared('P6', 'the same with Prefer: respond-async', [commands.async, store.append]),
    ['', 'decide and evolve, commands/s', round(domain.commandsPerSecond), '>= 200,000', domain.madeOf.commands],
    ['', `fold of ${round(domain.foldedEvents)} events, ms`, domain.foldMs.toFixed(1), '<= 20', domain.madeOf.fold],
    ['', 'npm start to ready, first time, s', start.cold.toFixed(1), '<= 12', 'compiles, initdb, migrations, demo'],
    ['', 'npm start to ready, after, s', start.warm.toFixed(1), '<= 3', `best of ${rounds}`],
  ];
  console.log(table(['id', 'what', 'ratio', 'goal', 'made of (per second)'], rows));
} finally {
  for (const child of children) child.process.disconnect();
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** An organization with an API key, made by a short-lived process of the product. */
async function createVendor(secret: string): Promise<string> {
  const config = { ...loadConfig({ PORT: '0', MANAGEMENT_PORT: '0' }), secret };
  const urls = { databaseUrl, apiUrl: databaseUrl, projectorUrl: databaseUrl, workerUrl: databaseUrl, eventStoreUrl };
  const servers = { ...urls, embedded: true, failed: new Promise<string>(() => {}), stop: async () => {} };
  const ledger = await assemble(config, servers, ['projector'], pino({ level: 'warn' }));
  const needs = {
    executor: ledger.executor,
    pool: ledger.apiPool,
    secrets: ledger.secrets,
    now: () => new Date().toISOString(),
  };
  const { organizationId } = await createOrganization(needs, { commandId: randomUUID(), name: 'Bench' });
  const key = { commandId: randomUUID(), organizationId, name: 'bench', scopes: allScopes };
  const { apiKey, position } = await createApiKey(needs, key);
  await ledger.waiter.waitFor(position, 10_000);
  await ledger.stop();
  return apiKey;
}
