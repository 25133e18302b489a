import { afterEach } from 'vitest';
import { watchConnections } from '../../src/async/connection-watch.ts';
import { reported } from './connection-reports.ts';

// It runs before each file of tests. Every process of tests watches its transactions, for as long as it lives.
watchConnections((error) => reported.push(error));

afterEach(() => {
  const [first] = reported.splice(0);
  if (first !== undefined) throw first;
});
