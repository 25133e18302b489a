import { expect, test } from 'vitest';
import { type Machine, skippedTests } from './support/missing-programs.ts';

const complete: Machine = {
  env: { TEST_REDIS_URL: 'redis://127.0.0.1:6390' },
  starts: () => true,
  exists: (file) => ['/usr/bin/chromium', '/usr/share/gocode/src/golang.org/x/mod/sumdb'].includes(file),
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
  expect(skipped({ exists: () => false })).toEqual([
    expect.stringMatching(/in a browser\. Install chromium, or set/),
    expect.stringMatching(/tools of Go\. Install golang-go and golang-golang-x-mod-dev/),
  ]);
  expect(skipped({ starts: (program) => program !== 'go' })).toHaveLength(1);
  expect(skipped({ env: {}, starts: () => false, exists: () => false })).toHaveLength(6);
});

test('CHROMIUM_PATH names a browser at any place', () => {
  const env = { ...complete.env, CHROMIUM_PATH: '/opt/chromium' };
  const exists = (file: string) => file === '/opt/chromium' || file.startsWith('/usr/share/');
  expect(skippedTests({ ...complete, env, exists })).toEqual([]);
});
