import { expect, test } from 'vitest';
import { type Machine, skippedTests } from './support/missing-programs.ts';

const complete: Machine = {
  env: { TEST_REDIS_URL: 'redis://127.0.0.1:6390' },
  starts: () => true,
  exists: (file) => file === '/usr/bin/chromium',
};

test('A run on a machine with every optional program says nothing', () => {
  expect(skippedTests(complete)).toEqual([]);
});

test('A run names the tests that a missing program leaves out, and what to install', () => {
  const skipped = (lack: Partial<Machine>) => skippedTests({ ...complete, ...lack });
  expect(skipped({ env: {} })).toEqual([expect.stringMatching(/servers mode on Redis\. Set TEST_REDIS_URL/)]);
  expect(skipped({ starts: (program) => program !== 'redis-server' })).toEqual([
    expect.stringMatching(/loss of Redis\. Install redis-server/),
  ]);
  expect(skipped({ starts: (program) => program !== 'python3' })).toEqual([
    expect.stringMatching(/examples in Python\. Install python3/),
  ]);
  expect(skipped({ exists: () => false })).toEqual([expect.stringMatching(/in a browser\. Install chromium, or set/)]);
  expect(skipped({ env: {}, starts: () => false, exists: () => false })).toHaveLength(5);
});

test('CHROMIUM_PATH names a browser at any place', () => {
  const env = { ...complete.env, CHROMIUM_PATH: '/opt/chromium' };
  expect(skippedTests({ ...complete, env, exists: (file) => file === '/opt/chromium' })).toEqual([]);
});
