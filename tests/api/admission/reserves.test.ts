import { expect, onTestFinished, test, vi } from 'vitest';
import { checkOfCredential, totals, type Work } from '../../../src/api/admission/shares.ts';
import type { Problem } from '../../../src/api/problems/problems.ts';
import { createCallLimits, noRateLimiting } from '../../../src/api/rate-limit/call-limits.ts';
import { admissionOf } from '../../support/limits.ts';

const command: Work = { units: 16, isLight: false, isCommand: true };
const page: Work = { units: 64, isLight: false, isCommand: false };
const readByKey: Work = { units: 1, isLight: true, isCommand: false };
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An admission whose turns end by themselves after `turnMs`, and the results of the requests that it has got. */
const admitting = (turnMs = 60_000) => {
  const admission = admissionOf(async () => 'FREE', undefined, { command: turnMs, read: turnMs });
  const enter = (address = '192.0.2.1') =>
    admission.visit({
      address,
      signal: () => new AbortController().signal,
      limits: createCallLimits(noRateLimiting, address),
    });
  const take = (tenant: string | null, work: Work, address?: string) => {
    const visit = enter(address);
    const request = { visit, result: 'waits' as 'waits' | Problem | null };
    void Promise.resolve(visit.takeTurn(tenant ?? visit.stranger(), work)).then((result) => {
      request.result = result;
    });
    return request;
  };
  /** Sends so many requests, of an address each when `tenant` is null. */
  const flood = (count: number, tenant: string | null, work: Work) =>
    Array.from({ length: count }, (_, index) => take(tenant, work, `10.0.${index >> 8}.${index & 255}`));
  return { enter, take, flood };
};
type Requests = ReturnType<ReturnType<typeof admitting>['flood']>;
const begun = (requests: Requests) => requests.filter(({ result }) => result === null).length;
const refused = (requests: Requests) =>
  requests.flatMap(({ result }) => (result === null || result === 'waits' ? [] : [result]));

test('Commands that wait for the event store leave turns to the reads of their tenant and of others', async () => {
  const { flood, take } = admitting(1);
  const waiting = flood(200, 'org_a', command);
  const { tenantMax } = totals.known.commands;
  await expect.poll(() => begun(waiting)).toBe(tenantMax);
  for (const tenant of ['org_a', 'org_b']) {
    const reads = [take(tenant, { ...page, units: 16 }), take(tenant, readByKey)];
    await expect.poll(() => reads.map(({ result }) => result)).toEqual([null, null]);
  }
  const other = take('org_b', command);
  await expect.poll(() => other.result).toBeNull();
  expect(begun(waiting)).toBe(tenantMax);
  waiting.find(({ result }) => result === null)?.visit.leave();
  await expect.poll(() => begun(waiting)).toBe(tenantMax + 1);
});

test('Reads by license key have turns and places that nothing else takes', async () => {
  const { flood, take } = admitting();
  for (let index = 0; index < 10; index += 1) flood(400, `org_${index}`, index % 2 === 0 ? page : command);
  await settled();
  const reads = ['org_0', 'org_1', 'org_new'].map((tenant) => take(tenant, readByKey));
  await settled();
  expect(reads.map(({ result }) => result)).toEqual([null, null, null]);
});

test('Strangers from many addresses take nothing from known tenants', async () => {
  const { flood, take } = admitting();
  const strangers = [...flood(2_000, null, command), ...flood(2_000, null, checkOfCredential)];
  await settled();
  expect(begun(strangers)).toBe(totals.strangers.work.runningMax / command.units);
  expect(new Set(refused(strangers).map(({ problem }) => problem))).toEqual(new Set(['UNAVAILABLE']));
  const others = [take('org_a', command), take('org_a', readByKey), take(null, readByKey, '192.0.2.7')];
  await settled();
  expect(others.map(({ result }) => result)).toEqual([null, null, null]);
});

test('Addresses take turns, so one with many requests does not hold back another', async () => {
  const { take } = admitting();
  const many = Array.from({ length: 100 }, () => take(null, command, '192.0.2.1'));
  await settled();
  const one = take(null, command, '192.0.2.2');
  await settled();
  expect([begun(many), one.result]).toEqual([2, null]);
});

test('A stranger beyond the share is told that it counts by address', async () => {
  const { take } = admitting();
  const many = Array.from({ length: 200 }, () => take(null, command));
  await settled();
  const [first] = refused(many);
  expect(first).toMatchObject({ problem: 'RATE_LIMITED' });
  expect(first?.detail).toContain('from this address');
});

test('A credential that has been forgotten is not recognized', () => {
  const { enter } = admitting();
  const recognized = () => enter().recognize('Bearer secret');
  const first = enter();
  first.recognize('Bearer secret');
  first.belongsTo('org_a');
  expect(recognized()).toBe('org_a');
  const last = enter();
  last.recognize('Bearer secret');
  last.forget();
  expect(recognized()).toBeNull();
});

test('A request whose turn does not come in 20 seconds is told so', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { take } = admitting();
  const [running, late] = [take('org_a', { ...page, units: 128 }), take('org_a', page)];
  await vi.advanceTimersByTimeAsync(19_999);
  expect([running.result, late.result]).toEqual([null, 'waits']);
  await vi.advanceTimersByTimeAsync(1);
  expect(late.result).toMatchObject({ problem: 'UNAVAILABLE', detail: expect.stringContaining('waited 20 seconds') });
});
