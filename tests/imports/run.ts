import { allowed } from './allowed.ts';
import { faultsOf } from './check.ts';
import { readSources } from './sources.ts';

// Part of `npm run check`: fails with a sentence for each import that is not allowed.
const faults = faultsOf(readSources(), allowed);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
