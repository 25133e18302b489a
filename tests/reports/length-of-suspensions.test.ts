import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { suspensionAt } from '../../src/domain/license/status.ts';
import { command, followedBy } from '../domain/license/commands.ts';
import { issued, licenseAfter, perpetual } from '../domain/license/examples.ts';

// People complained that a license suspended for weeks seemed to be suspended since yesterday.

const day = (date: number) => `2026-06-${String(date).padStart(2, '0')}T00:00:00.000Z`;
type Reason = 'ADMIN' | 'PAYMENT' | 'FRAUD' | 'LEGAL';
const now = (reasonCode: Reason, at: number, until: number | null) =>
  command('Suspend', { reasonCode, until: until === null ? null : day(until) }, day(at));
const announced = (reasonCode: Reason, from: number, until: number | null) =>
  command(
    'Suspend',
    { reasonCode, until: until === null ? null : day(until), scheduled: { effectiveAt: day(from) } },
    day(1),
  );

const rows: readonly (readonly [string, LicenseCommand[], number, number | null])[] = [
  ['one alone', [now('ADMIN', 2, 8)], 5, 2],
  ['two that adjoin', [announced('PAYMENT', 2, 5), announced('FRAUD', 5, 9)], 7, 2],
  ['two that overlap, while both last', [announced('PAYMENT', 2, 6), announced('FRAUD', 5, 9)], 5, 2],
  ['two that overlap, after the first', [announced('PAYMENT', 2, 6), announced('FRAUD', 5, 9)], 7, 2],
  ['a recorded one and an announced one', [announced('FRAUD', 5, null), now('ADMIN', 2, 6)], 9, 2],
  [
    'three that follow one another',
    [announced('LEGAL', 6, 9), announced('PAYMENT', 2, 4), announced('FRAUD', 4, 6)],
    8,
    2,
  ],
  ['two with a pause', [announced('PAYMENT', 2, 4), announced('FRAUD', 5, 9)], 7, 5],
  ['two with a pause, in the pause', [announced('PAYMENT', 2, 4), announced('FRAUD', 5, 9)], 4, null],
  ['one that a further one will follow', [announced('PAYMENT', 2, 5), announced('FRAUD', 5, 9)], 3, 2],
  [
    'a reason that was added when the first one had ended',
    [announced('FRAUD', 5, 9), now('ADMIN', 2, 6), now('LEGAL', 7, 12)],
    10,
    2,
  ],
  ['a reason that was added after a pause', [announced('FRAUD', 5, 9), now('ADMIN', 2, 4), now('LEGAL', 7, 12)], 10, 5],
];

describe('suspendedSince is the instant since when the license is suspended without a gap', () => {
  test.each(rows)('%s', (_, commands, at, since) => {
    const history = followedBy([issued({ term: perpetual })], ...commands);
    const { facts } = licenseAfter(...history);
    expect(suspensionAt(facts, day(at))?.since ?? null).toBe(since === null ? null : day(since));
  });

  test('the end says how long it lasted', () => {
    const history = followedBy(
      [issued({ term: perpetual })],
      announced('PAYMENT', 2, 5),
      announced('FRAUD', 5, 9),
      command('Reinstate', {}, day(7)),
    );
    expect(history.at(-1)?.event.data).toEqual({ suspendedSince: day(2), suspendedForSeconds: 5 * 86_400 });
  });
});
