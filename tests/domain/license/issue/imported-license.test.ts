import { describe, expect, test } from 'vitest';
import type { CommandOf } from '../../../../src/domain/license/commands.ts';
import { effectiveStatus } from '../../../../src/domain/license/status.ts';
import { command, event, followedBy } from '../commands.ts';
import {
  expiresAt,
  given,
  issue,
  issuedAt,
  issuedEvent,
  keyIssuedEvent,
  licenseAfter,
  noon,
  perpetual,
  twoDevices,
} from '../examples.ts';

describe('importing a license', () => {
  const source = { source: 'elsewhere', sourceRef: 'L-1', historyFrom: '2020-01-01T00:00:00.000Z' };
  const imported = (overrides: Partial<CommandOf<'IssueLicense'>['data']> = {}, at = noon) => {
    const issuing = issue(overrides, at);
    if (issuing.type !== 'IssueLicense') throw new Error('It issues.');
    return command('ImportLicense', { ...issuing.data, ...source }, at);
  };

  test('records it as asserted, with its key', () => {
    const from2025 = { kind: 'fixed', startsAt: issuedAt, expiresAt } as const;
    given()
      .when(imported({ term: from2025 }))
      .thenEvents(
        event('LicenseImported', {
          ...issuedEvent().data,
          term: { ...perpetual, basis: 'FIXED', expiresAt },
          ...source,
        }),
        keyIssuedEvent,
      );
    const { facts } = licenseAfter(...followedBy([], imported({ term: from2025 })));
    expect(facts.imported).toEqual(source);
    expect(facts.createdAt).toBe(noon);
  });
  test('accepts an ended term: the license is EXPIRED then', () => {
    const over = {
      kind: 'fixed',
      startsAt: '2024-01-01T00:00:00.000Z',
      expiresAt: '2025-01-01T00:00:00.000Z',
    } as const;
    const { facts } = licenseAfter(...followedBy([], imported({ term: over })));
    expect(effectiveStatus(facts, noon)).toBe('EXPIRED');
    given()
      .when(issue({ term: over }))
      .thenRejected('TERM_INVALID');
  });
  test('changes nothing when it is repeated', () =>
    given(...followedBy([], imported()))
      .when(imported())
      .thenNothing());
  test('has the guards of issuing, and needs a history that starts in the past', () => {
    given()
      .when(imported({ limits: { ...twoDevices, seats: -1 } }))
      .thenRejected('LIMIT_INVALID');
    given().when(imported({}, '2019-01-01T00:00:00.000Z')).thenRejected('INVALID_REQUEST');
  });
});
