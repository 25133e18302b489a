import { defineConfig } from 'vitest/config';

// The examples of the domain alone, without a database: what mutation testing and the planted faults run. The properties
// are left out, so that a mutant or a fault counts as caught only where a named example catches it.
export default defineConfig({
  test: {
    include: ['tests/domain/**/*.test.ts'],
    exclude: ['tests/domain/faults/**', 'tests/domain/properties/**', '**/*properties.test.ts', 'node_modules/**'],
    pool: 'threads',
    maxWorkers: 1,
  },
});
