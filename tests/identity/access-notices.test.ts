import { expect, onTestFinished, test, vi } from 'vitest';
import { createAccessNotices, everybody, subjectsOf } from '../../src/identity/access/access-notices.ts';

const start = () => {
  const clock = { ms: 1_000 };
  return { clock, notices: createAccessNotices(() => clock.ms) };
};

test('Rights are remembered for 30 seconds while notices arrive', () => {
  const { clock, notices } = start();
  clock.ms = 30_999;
  notices.confirm(clock.ms);
  expect(notices.isCurrent(1_000, ['org_a'])).toBe(true);
  clock.ms = 31_000;
  notices.confirm(clock.ms);
  expect(notices.isCurrent(1_000, ['org_a'])).toBe(false);
});

test('Rights are remembered for one second while notices do not arrive', () => {
  const { clock, notices } = start();
  clock.ms = 1_999;
  expect(notices.isCurrent(1_000, [])).toBe(true);
  clock.ms = 2_000;
  expect(notices.isCurrent(1_000, [])).toBe(false);
});

test('A connection that has not proved itself for a second and a half counts as lost', () => {
  const { clock, notices } = start();
  notices.confirm(1_000);
  clock.ms = 2_499;
  expect(notices.isCurrent(1_000, [])).toBe(true);
  clock.ms = 2_500;
  expect(notices.isCurrent(1_000, [])).toBe(false);
  expect(notices.isCurrent(2_400, [])).toBe(true);
});

test('A notice ends what was read before about its subject only, and a read that began before it', () => {
  const { clock, notices } = start();
  notices.confirm(1_000);
  clock.ms = 1_100;
  notices.note('org_a');
  expect(notices.isCurrent(1_100, ['usr_a', 'org_a'])).toBe(false);
  expect(notices.isCurrent(1_000, ['usr_a', 'org_b'])).toBe(true);
  expect(notices.isCurrent(1_101, ['usr_a', 'org_a'])).toBe(true);
  notices.note(everybody);
  expect(notices.isCurrent(1_100, ['usr_a', 'org_b'])).toBe(false);
});

test('A notice that no longer fits into memory still ends what it concerns', () => {
  const { clock, notices } = start();
  notices.confirm(1_000);
  clock.ms = 1_001;
  notices.note('org_first');
  clock.ms = 1_002;
  for (let count = 0; count < 10_000; count++) notices.note(`org_${count}`);
  expect(notices.isCurrent(1_001, ['org_first'])).toBe(false);
  expect(notices.isCurrent(1_002, ['org_other'])).toBe(true);
});

test('The subjects of a caller are its own ids and its organization', () => {
  const key = { kind: 'apiKey', apiKeyId: 'key_a', organizationId: 'org_a', scopes: [] } as const;
  expect(subjectsOf(key)).toEqual(['key_a', 'org_a']);
  const user = { kind: 'user', userId: 'usr_a', sessionId: 'ses_a', organizationId: null } as const;
  expect(subjectsOf(user)).toEqual(['usr_a', 'ses_a']);
});

test('A watch is called for its subjects, never twice at once, and no longer when it has ended', async () => {
  const { notices } = start();
  const ends: (() => void)[] = [];
  const check = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)));
  const unwatch = notices.watch(['org_a', 'usr_a'], check);
  notices.note('org_b');
  expect(check).not.toHaveBeenCalled();
  notices.note('org_a');
  notices.note('usr_a');
  notices.note(everybody);
  await expect.poll(() => check.mock.calls.length).toBe(1);
  ends[0]?.();
  await expect.poll(() => check.mock.calls.length).toBe(2);
  ends[1]?.();
  unwatch();
  notices.note('org_a');
  expect(check).toHaveBeenCalledTimes(2);
});

test('A notice for a thousand watches runs four checks at a time, and all of them', async () => {
  const { notices } = start();
  let running = 0;
  let most = 0;
  let done = 0;
  for (let watch = 0; watch < 1_000; watch += 1)
    notices.watch(['org_a'], async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done += 1;
    });
  notices.note(everybody);
  await expect.poll(() => done).toBe(1_000);
  expect(most).toBe(4);
});

test('While notices do not arrive, every watch is called each second', async () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { clock, notices } = start();
  const check = vi.fn(async () => {});
  const unwatch = notices.watch(['org_a'], check);
  notices.confirm(1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(check).not.toHaveBeenCalled();
  clock.ms = 3_000;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(check).toHaveBeenCalledTimes(1);
  unwatch();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(check).toHaveBeenCalledTimes(1);
});
