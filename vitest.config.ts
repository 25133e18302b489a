import path from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { ByProject } from './tests/support/by-project.ts';

const isFull = process.env.LEDGER_TEST_SIZE === 'full';
const domain = ['tests/domain/**/*.test.ts'];
/** It draws thousands of long lives of licenses, for longer than a run of the domain shall take. */
const sequences = 'tests/domain/properties/sequences.test.ts';
/** They start processes: the product as its users run it, its parts, a compiler, other test runs. */
const processes = [
  'tests/{cli,deploy,docs,e2e,embedded,examples}/**/*.test.ts',
  'tests/client/package.test.ts',
  'tests/domain/faults/*.test.ts',
  'tests/eventstore/weights.test.ts',
  'tests/identity/key-ring.test.ts',
  'tests/notary/kills.test.ts',
  'tests/projections/kills.test.ts',
  'tests/projections/rebuild/stopped-rebuilds.test.ts',
  'tests/proof/{go,verifier}.test.ts',
];

const client = path.join(import.meta.dirname, 'packages', 'client', 'src', 'index.ts');

/** Minutes of a browser, of kills and of floods. Other files of the short run have their kinds, too. */
const inFullOnly = isFull
  ? []
  : [
      'tests/console/{actions-by-role,activity,catalog,customers,first-run,issue,license-changes,people}.test.ts',
      'tests/cli/{acme-continues,backup/killed,rebuild}.test.ts',
      'tests/docs/separate-servers.test.ts',
      'tests/e2e/{crash,postgres-kills,sessions,undone,usage-flood}.test.ts',
      'tests/embedded/eventstore/memory.test.ts',
      'tests/projections/kills.test.ts',
    ];

const project = (name: string, include: string[], exclude: string[] = []): TestProjectInlineConfiguration => ({
  test: {
    ...{ name, include, exclude },
    // The client of this checkout, which nothing has built.
    alias: { '@license-ledger/client': client },
    pool: 'forks',
    // A transaction that waits for the event store, and a page that complains, fail the test. The domain has neither.
    setupFiles: name === 'domain' ? [] : ['tests/support/watch-connections.ts', 'tests/support/watch-pages.ts'],
    // Files share the modules of their worker, which costs a quarter less: none of them may change what another one loads.
    isolate: false,
    // Tests make and drop much at once: a larger young generation saves a twentieth of the processor time.
    execArgv: ['--max-semi-space-size=64'],
    restoreMocks: true,
    // The two years of Acme Tools take seconds of each first start. Their test starts them itself.
    env: { LEDGER_DEMO: 'license' },
    // Full sizes are twenty times as much.
    testTimeout: isFull ? 600_000 : 60_000,
    hookTimeout: isFull ? 600_000 : 120_000,
  },
});

export default defineConfig({
  test: {
    globalSetup: ['tests/support/global-setup.ts'],
    // Tests wait for a quarter of their time: three workers keep two cores busy.
    maxWorkers: 3,
    // All projects load the same code. One of them transforms it, the others and later runs read the result.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/vitest-modules' },
    sequence: { sequencer: ByProject },
    projects: [
      project('process', processes, inFullOnly),
      project(
        'integration',
        ['tests/!(domain)/**/*.test.ts', 'tests/*.test.ts', sequences],
        [...processes, ...inFullOnly],
      ),
      project('domain', domain, [...processes, sequences]),
    ],
    coverage: {
      provider: 'custom',
      customProviderModule: 'tests/support/coverage.ts',
      include: ['src/**/*.ts', 'packages/client/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 85, 'src/domain/**': { lines: 95 } },
    },
  },
});
