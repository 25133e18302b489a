import { expect, test } from 'vitest';
import { nextChangeAt } from '../../../../src/domain/license/validation/next-change.ts';
import { command, enterprise, followedBy, to } from '../commands.ts';
import { expiresAt, graceEndsAt, issued, noon, oneYear, perpetual, tomorrow, withGrace } from '../examples.ts';
import { acquire, type History, named, of, plain, rotated, seats, viewed } from './validation-examples.ts';

const unending = [issued({ term: perpetual })];
const scheduled = { effectiveAt: tomorrow };
const announceTier = command('ChangeTier', { target: to(enterprise), scheduled });
const announceSuspension = command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled });
const announceRenewal = command('SetRenewal', { to: 'auto', scheduled });
const waiting = [issued({ term: { ...oneYear, basis: 'FIRST_VALIDATION', startsAt: null, expiresAt: null } })];

test.each<[string, History, Parameters<typeof named>[0], string, string | null]>([
  ['the end of the term', plain, {}, noon, expiresAt],
  ['the end of the grace', [issued({ policy: withGrace })], {}, expiresAt, graceEndsAt],
  ['no instant at all when the license is perpetual', unending, {}, noon, null],
  ['the instant of an announced tier change', followedBy(unending, announceTier), {}, noon, tomorrow],
  ['the start of an announced suspension', followedBy(unending, announceSuspension), {}, noon, tomorrow],
  ['no announced renewal mode, which no answer shows', followedBy(unending, announceRenewal), {}, noon, null],
  ['the end of the overlap of its key', rotated, { keyVersion: 1 }, noon, tomorrow],
  ['the end of the term with the newest key', rotated, { keyVersion: 2 }, noon, expiresAt],
  ['the end of its seat', followedBy(of({}, seats), acquire), { lease: 'm1' }, noon, '2026-06-01T12:06:00.000Z'],
  ['nothing that has passed', plain, {}, expiresAt, null],
  ['no check-in while the term waits for its first use', waiting, {}, noon, null],
])('A client may trust an answer until %s', (_, history, scope, at, expected) => {
  expect(nextChangeAt(viewed(history, named(scope)), named(scope), at)).toBe(expected);
});
