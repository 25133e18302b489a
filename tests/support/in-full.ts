import { test } from 'vitest';
import { sized } from './size.ts';

/** A test of which the short run has another one of its kind, so only `npm run test:long` runs it. */
export const testInFull = test.runIf(sized(1, 0) === 1);
