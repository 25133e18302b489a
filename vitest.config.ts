import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Files share the modules of their worker, which costs a quarter less: none of them may change what another one loads.
    isolate: false,
    restoreMocks: true,
    // Full sizes are twenty times as much.
    testTimeout: process.env.LEDGER_TEST_SIZE === 'full' ? 600_000 : 30_000,
    hookTimeout: process.env.LEDGER_TEST_SIZE === 'full' ? 600_000 : 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 85, 'src/domain/**': { lines: 95 } },
    },
  },
});
