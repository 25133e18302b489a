import { expect, test } from 'vitest';
import { createOpenStreams, streamsMax } from '../../../src/api/events/open-streams.ts';
import type { Caller } from '../../../src/application/caller.ts';
import { testId } from '../../support/license-fixtures.ts';

const user = (name: string, organization: string): Caller => ({
  ...{ kind: 'user', role: 'OWNER', userId: testId('usr', name), sessionId: testId('ses', name) },
  organizationId: testId('org', organization),
});
/** Opens streams until one is refused. Returns how many were opened, and the refusal. */
const fill = (open: (index: number) => ReturnType<ReturnType<typeof createOpenStreams>['open']>) => {
  const releases: (() => void)[] = [];
  for (;;) {
    const opened = open(releases.length);
    if (typeof opened !== 'function') return { releases, refusal: opened };
    releases.push(opened);
  }
};

test('A user with many organizations has a maximum of open streams over all of them', () => {
  const streams = createOpenStreams();
  const { releases, refusal } = fill((index) => streams.open(user('one', `${index}`), `10.0.${index}.1`));
  expect(releases.length).toBe(streamsMax.user);
  expect(refusal).toMatchObject({ problem: 'RATE_LIMITED', headers: { 'Retry-After': '10' } });
  expect(typeof streams.open(user('another', '1'), '10.0.0.1')).toBe('function');
});

test('A client address has a maximum of open streams, and an IPv6 client has it for its /64', () => {
  for (const address of [() => '192.0.2.1', (index: number) => `2001:db8:0:1::${index + 1}`]) {
    const streams = createOpenStreams();
    const { releases } = fill((index) => streams.open(user(`${index}`, `${index}`), address(index)));
    expect(releases.length).toBe(streamsMax.address);
    expect(typeof streams.open(user('next', 'next'), '198.51.100.7')).toBe('function');
  }
});

test('A refused stream takes no place, and a released place is free once', () => {
  const streams = createOpenStreams({ ...streamsMax, organization: 2, user: 1, address: 5 });
  const open = (name: string) => streams.open(user(name, 'shared'), '192.0.2.1');
  const first = open('one');
  for (let times = 0; times < 10; times++) expect(open('one')).toHaveProperty('problem', 'RATE_LIMITED');
  expect(typeof open('two')).toBe('function');
  expect(open('three')).toHaveProperty('problem', 'RATE_LIMITED');
  if (typeof first === 'function') for (let times = 0; times < 3; times++) first();
  expect(typeof open('three')).toBe('function');
  expect(open('four')).toHaveProperty('problem', 'RATE_LIMITED');
});
