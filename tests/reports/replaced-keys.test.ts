import { describe, expect, test } from 'vitest';
import type { CommandOf, LicenseCommand } from '../../src/domain/license/commands.ts';
import { isKeyRotated } from '../../src/domain/license/keys/key-rotation.ts';
import { command, event, followedBy } from '../domain/license/commands.ts';
import {
  given,
  issued,
  issuedAt,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  tomorrow,
} from '../domain/license/examples.ts';

type Cause = CommandOf<'RotateKey'>['data']['cause'];

const withKey = [issued(), on(issuedAt, keyIssuedEvent)];
const day = 86_400;
const rotate = (cause: Cause, overlapSeconds: number, at: string) =>
  command('RotateKey', { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds, cause }, at);
const lifeOf = (...commands: readonly LicenseCommand[]) => followedBy(withKey, ...commands);
const [nine, ten, eleven] = ['2026-06-01T09:00:00.000Z', '2026-06-01T10:00:00.000Z', '2026-06-01T11:00:00.000Z'];
const works = (history: ReturnType<typeof lifeOf>, at: string) => {
  const { facts } = licenseAfter(...history);
  return Array.from({ length: facts.keyVersion }, (_, index) => !isKeyRotated(facts, index + 1, at));
};

describe('Which keys of a license work after a rotation', () => {
  test.each<readonly [string, readonly LicenseCommand[], readonly boolean[]]>([
    ['a routine rotation without overlap', [rotate('ROUTINE', 0, nine)], [false, true]],
    ['a routine rotation with an overlap', [rotate('ROUTINE', day, nine)], [true, true]],
    ['two routine rotations', [rotate('ROUTINE', day, nine), rotate('ADMIN', day, ten)], [true, true, true]],
    ['a leak', [rotate('LEAKED', 0, nine)], [false, true]],
    ['a leak with an overlap', [rotate('LEAKED', day, nine)], [false, true]],
    ['a loss with an overlap', [rotate('LOST', day, nine)], [false, true]],
    ['a leak after a routine rotation', [rotate('ROUTINE', day, nine), rotate('LEAKED', 0, ten)], [false, false, true]],
    ['a loss after a routine rotation', [rotate('ROUTINE', day, nine), rotate('LOST', day, ten)], [false, false, true]],
    [
      'a leak after two routine rotations',
      [rotate('ROUTINE', day, nine), rotate('ROUTINE', day, ten), rotate('LEAKED', 0, eleven)],
      [false, false, false, true],
    ],
    ['an ended overlap', [rotate('ROUTINE', day, nine), command('EndKeyOverlap', {}, ten)], [false, true]],
    [
      'the ended overlap of one of two earlier keys',
      [rotate('ROUTINE', day, nine), rotate('ROUTINE', day, ten), command('EndKeyOverlap', { keyVersion: 1 }, eleven)],
      [false, true, true],
    ],
    [
      'two ended overlaps',
      [rotate('ROUTINE', day, nine), rotate('ROUTINE', day, ten), command('EndKeyOverlap', {}, eleven)],
      [false, false, true],
    ],
  ])('%s', (_, commands, expected) => {
    expect(works(lifeOf(...commands), noon)).toEqual(expected);
  });
});

describe('What history says of keys that stop', () => {
  test('a leaked key and the keys of earlier overlaps are retired with the rotation', () => {
    given(...lifeOf(rotate('ROUTINE', day, nine)))
      .when(rotate('LEAKED', day, noon))
      .thenEvents(
        event('LicenseKeyRotated', {
          ...{ fromVersion: 2, toVersion: 3, keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP' },
          ...{ overlapUntil: noon, cause: 'LEAKED' },
        }),
        event('LicenseKeyRetired', { keyVersion: 2 }),
        event('LicenseKeyRetired', { keyVersion: 1 }),
      );
  });

  test('an overlap that had passed already needs no end, and the next change dates it at its own', () => {
    const passed = lifeOf(rotate('ROUTINE', 3_600, nine));
    given(...passed)
      .when(command('EndKeyOverlap', {}, noon))
      .thenNothing();
    given(...passed)
      .when(rotate('LEAKED', day, noon))
      .thenEvents(
        event('LicenseKeyRetired', { keyVersion: 1 }, ten),
        event('LicenseKeyRotated', {
          ...{ fromVersion: 2, toVersion: 3, keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP' },
          ...{ overlapUntil: noon, cause: 'LEAKED' },
        }),
        event('LicenseKeyRetired', { keyVersion: 2 }),
      );
  });

  test('an ended overlap is ended once, and the worker has nothing to retire', () => {
    const ended = lifeOf(rotate('ROUTINE', day, nine), command('EndKeyOverlap', { keyVersion: 1 }, ten));
    for (const again of [command('EndKeyOverlap', {}, noon), command('EndKeyOverlap', { keyVersion: 1 }, noon)])
      given(...ended)
        .when(again)
        .thenNothing();
    given(...ended)
      .when(command('RetireKey', { keyVersion: 1 }, tomorrow))
      .thenNothing();
  });

  test('the newest key and a key that never was cannot be ended', () => {
    for (const keyVersion of [2, 3])
      given(...lifeOf(rotate('ROUTINE', day, nine)))
        .when(command('EndKeyOverlap', { keyVersion }, noon))
        .thenRejected('INVALID_REQUEST');
  });
});
