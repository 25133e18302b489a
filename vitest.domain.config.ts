import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Reports of the domain use of `tests/support` only this. Others need a server, or draw lives by chance. */
const isBeyondExamples = (file: string): boolean =>
  /from '\.\.\/support\/(?!event-ids|size)/.test(readFileSync(file, 'utf8'));
const reports = readdirSync('tests/reports').map((name) => `tests/reports/${name}`);

// The examples of the domain alone, without a database: what mutation testing and the planted faults run. The properties
// are left out, so that a mutant or a fault counts as caught only where a named example catches it.
export default defineConfig({
  test: {
    include: ['tests/domain/**/*.test.ts', 'tests/reports/*.test.ts'],
    exclude: [
      ...['tests/domain/faults/**', 'tests/domain/properties/**', '**/*properties.test.ts', 'node_modules/**'],
      ...reports.filter(isBeyondExamples),
    ],
    pool: 'threads',
    // Loading the modules once for all files makes mutation testing a third faster.
    isolate: false,
    maxWorkers: 1,
    // Mutation testing makes the code several times slower.
    testTimeout: 60_000,
  },
});
