import type { WaitsWithConnection } from '../../src/async/connection-watch.ts';

/** Transactions that waited for something else, since the test began. A test that leaves one here fails. */
export const reported: WaitsWithConnection[] = [];
