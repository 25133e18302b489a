import { startStack } from '../src/embedded/stack.ts';
import { type Bench, type Figures, whole } from './bench.ts';
import { bulkFingerprint, bulkLicenseKey } from './bulk-log.ts';
import { startApp } from './http.ts';
import type { BenchLedger } from './ledgers.ts';
import { generate } from './load.ts';
import { interleaved } from './rounds.ts';

/** Measures P11: the time of a validation over HTTP among many licenses and among few. Uses keys of all licenses. */
export const growthFigures: Figures = {
  ids: ['P11'],
  measure: async (bench) => {
    const { middle, large } = bench.licenses;
    const opened = { middle: await open(bench, middle), large: await open(bench, large) };
    try {
      const best = await interleaved(bench.rounds, {
        middle: () => validationRate(opened.middle, bench.seconds),
        large: () => validationRate(opened.large, bench.seconds),
      });
      const what = `time to validate among ${whole(large)} / ${whole(middle)} licenses`;
      const madeOf = `${whole(best.large)} / ${whole(best.middle)} a second`;
      return [['P11', what, (best.middle / best.large).toFixed(2), '<= 1.20', madeOf]];
    } finally {
      await opened.middle.close();
      await opened.large.close();
    }
  },
};

type Opened = { readonly url: string; readonly bodies: readonly string[]; readonly close: () => Promise<void> };

const open = async ({ ledgerWith }: Bench, licenses: number): Promise<Opened> => {
  const ledger = await ledgerWith(licenses);
  const { dataDir, secret } = ledger;
  const stack = await startStack({ dataDir });
  const app = await startApp({ variant: 'product', ...stack, secret, roles: ['api'] });
  const close = async () => {
    app.process.disconnect();
    await stack.stop();
  };
  const opened = { url: app.url, bodies: validationsOf(ledger), close };
  await validationRate(opened, 3);
  return opened;
};

/** Returns bodies of validations of at most 20,000 licenses, spread over all of them. */
export const validationsOf = ({ licenses }: BenchLedger): readonly string[] => {
  const count = Math.min(licenses, 20_000);
  // The order differs from the order of writing, in which neighbours share a page of the table.
  return Array.from({ length: count }, (_, place) => {
    const index = Math.floor(((place * 7_919) % count) * (licenses / count));
    return JSON.stringify({ licenseKey: bulkLicenseKey(index), product: 'local_cli', fingerprint: bulkFingerprint });
  });
};

/** Returns the answered validations per second, 64 at once. */
export const validationRate = async ({ url, bodies }: Pick<Opened, 'url' | 'bodies'>, seconds: number) => {
  const load = { url: `${url}/v1/licenses/validate`, bodies, connections: 64, seconds };
  const { perSecond, notOk } = await generate(load);
  if (notOk > 0) throw new Error(`${notOk} answers of ${load.url} were not 200`);
  return perSecond;
};
