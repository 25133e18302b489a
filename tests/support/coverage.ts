import v8 from '@vitest/coverage-v8';
import type { WorkerGlobalState } from 'vitest';
import type { CoverageProvider, CoverageProviderModule } from 'vitest/node';
import { announceCoverage, readCoverages, writeCoverage } from './coverage-files.ts';

type Taken = { readonly result: readonly { readonly url: string }[] };

/**
 * Measures coverage as `@vitest/coverage-v8` does, for less processor time. Each worker takes its coverage once, when it
 * ends, and writes what it ran of src to a file: files of tests share the modules of their worker, so the counts add up.
 * The provider of the package takes, sends, writes and merges everything after each file of tests. All projects are
 * counted as one, because they load the same code. That provider converts every file of src once for each project.
 */
const coverage: CoverageProviderModule = {
  ...v8,
  startCoverage: async (options) => {
    await v8.startCoverage?.(options);
    takeAtTheEnd();
  },
  takeCoverage: (options) => {
    lastOptions = options;
    return null;
  },
  getProvider: async () => {
    const provider: CoverageProvider = await v8.getProvider();
    const generateCoverage = provider.generateCoverage.bind(provider);
    provider.generateCoverage = async (context) => {
      const workers = await readCoverages(provider.resolveOptions().reportsDirectory);
      const projectName = workers[0]?.projectName ?? '';
      for (const { worker, taken } of workers)
        void provider.onAfterSuiteRun({ coverage: taken, environment: 'ssr', projectName, testFiles: [worker] });
      return generateCoverage(context);
    };
    return provider;
  },
};

export default coverage;

type TakeOptions = Parameters<NonNullable<CoverageProviderModule['takeCoverage']>>[0];

let lastOptions: TakeOptions;
let isAnnounced = false;

const takeAtTheEnd = (): void => {
  if (isAnnounced) return;
  isAnnounced = true;
  const { config, ctx, onCleanup } = (globalThis as unknown as { readonly __vitest_worker__: WorkerGlobalState })
    .__vitest_worker__;
  const { reportsDirectory } = config.coverage;
  announceCoverage(reportsDirectory);
  onCleanup(async () => {
    const taken = (await v8.takeCoverage?.(lastOptions)) as Taken | undefined;
    const result = (taken?.result ?? []).filter(({ url }) => url.includes('/src/'));
    writeCoverage(reportsDirectory, { projectName: ctx.projectName, taken: { result } });
  });
};
