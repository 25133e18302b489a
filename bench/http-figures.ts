import { rm } from 'node:fs/promises';
import { startStack } from '../src/embedded/stack.ts';
import type { Variant } from './app-process.ts';
import { measureAppends } from './appends.ts';
import { type Bench, compared, type Figures, type Row, whole } from './bench.ts';
import { type App, measureCommands, measureValidate, type Seeded, seed, startApp } from './http.ts';
import { makeLedger } from './ledgers.ts';

/** Measures P1 and P3: validations per second over HTTP, of the product and of the programs it is compared with. */
export const validateFigures: Figures = {
  ids: ['P1', 'P3'],
  measure: (bench) =>
    withProduct(bench, async ({ product, seeded, startVariant }) => {
      const licenseKey = seeded.licenses[0]?.key;
      const apps = {
        product,
        constant: await startVariant('constant', licenseKey),
        plain: await startVariant('plain', licenseKey),
        floor: await startVariant('floor', licenseKey),
        naive: await startVariant('naive', licenseKey),
      };
      const best = await measureValidate(apps, seeded, bench.rounds, bench.seconds);
      const { steady } = best;
      const madeOf = `${whole(steady.perSecond)}, p50 ${steady.p50.toFixed(1)} ms`;
      return [
        compared('P1', 'validate / same without database', [best.product, best.constant], '>= 0.60'),
        compared('P1', 'validate / four statements on plain Express', [best.product, best.naive], '>= 5.00'),
        ['P1', 'p99 of validate at 1,000 a second, ms', steady.p99.toFixed(1), '< 50', madeOf],
        compared('P3', 'our Express / plain Express, same work', [best.floor, best.plain], '>= 2.50'),
        compared('P3', 'whole API without database / plain Express', [best.constant, best.plain]),
      ];
    }),
};

/** Measures P5 and P6: appends per second through the client, and commands per second over HTTP. */
export const commandFigures: Figures = {
  ids: ['P5', 'P6'],
  measure: (bench) =>
    withProduct(bench, async ({ product, seeded, eventStoreUrl }) => {
      const store = await measureAppends(eventStoreUrl, bench.rounds, bench.appends);
      const commands = await measureCommands(product, seeded, bench.rounds, bench.seconds);
      return [
        compared('P5', 'appends over gRPC / unary echo', [store.append, store.echo], '>= 0.40'),
        compared('P6', 'commands over HTTP / appends of P5', [commands.waited, store.append], '>= 0.60'),
        compared('P6', 'the same with Prefer: respond-async', [commands.async, store.append]),
      ];
    }),
};

type Product = {
  readonly product: App;
  readonly seeded: Seeded;
  readonly eventStoreUrl: string;
  readonly startVariant: (variant: Variant, licenseKey?: string) => Promise<App>;
};

/** Runs the product with some licenses that were issued over HTTP. */
const withProduct = async (
  { licenses }: Bench,
  measure: (product: Product) => Promise<readonly Row[]>,
): Promise<readonly Row[]> => {
  const { dataDir, secret, apiKey } = await makeLedger(0, () => {});
  const stack = await startStack({ dataDir });
  const apps: App[] = [];
  const startVariant = async (variant: Variant, licenseKey?: string) => {
    const { databaseUrl, eventStoreUrl } = stack;
    const app = await startApp({ variant, databaseUrl, eventStoreUrl, secret, licenseKey });
    apps.push(app);
    return app;
  };
  try {
    const product = await startVariant('product');
    const seeded = await seed(product.url, apiKey, licenses.few);
    return await measure({ product, seeded, eventStoreUrl: stack.eventStoreUrl, startVariant });
  } finally {
    for (const app of apps) app.process.disconnect();
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
};
