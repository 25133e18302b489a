import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { changedInstantIn, localText, relative } from '../../src/console/parts/dates.ts';
import {
  consequencesOfExpiry,
  consequencesOfMaintenance,
  consequencesOfRevocation,
} from '../../src/console/screens/license/change/change-consequences.ts';
import { usageFilterIn } from '../../src/console/screens/license/usage-filter.ts';
import { requestOfDenial } from '../../src/console/screens/refusal/refusal-request.ts';
import { proposalOf, type Step, sentenceOfStep } from '../../src/console/screens/refusal/refusal-steps.ts';
import { isExplained } from '../../src/console/texts/refusal-texts.ts';
import type { License } from '../../src/console/types.ts';

const licenseId = 'lic_01h455vb4pex5vsknk084sn02q';
const now = '2030-01-01T12:00:00.000Z';
const end = '2031-01-01T12:00:00.123Z';

const license = (changes: object = {}): License =>
  ({
    policy: { expiryStrategy: 'RESTRICT', expiryGraceSeconds: 0 },
    term: { expiresAt: end, timeZone: 'UTC' },
    usage: { activations: 1, seats: 2, users: 5 },
    maintenanceUntil: null,
    scheduled: [],
    ...changes,
  }) as unknown as License;

const step = (action: Step['action'], body: Step['body']): Step => ({
  action,
  operationId: null,
  method: null,
  path: null,
  body,
  fromRequest: [],
  choose: null,
  send: null,
  omit: [],
  until: null,
});

test('A field that nobody touched keeps its instant to the millisecond', () => {
  const shown = localText(end);
  expect(changedInstantIn(shown, end)).toBe(end);
  // A browser leaves out seconds that are zero.
  expect(changedInstantIn(shown.replace(/:00$/, ''), end)).toBe(end);
  expect(changedInstantIn(localText('2032-01-01T12:00:00.000Z'), end)).toBe('2032-01-01T12:00:00.000Z');
  expect(changedInstantIn('', end)).toBeNull();
  expect(changedInstantIn(shown, null)).toBe('2031-01-01T12:00:00.000Z');
});

test('An end that stays changes nothing, and maintenance until the end of the term may move with it', () => {
  expect(consequencesOfExpiry(license(), end, now)).toEqual(['Nothing changes.']);
  expect(consequencesOfMaintenance(license({ maintenanceUntil: end }), end)).toEqual(['Nothing changes.']);
  const moves = 'When the policy gives maintenance for the term, the end of the maintenance moves, too.';
  const later = '2032-01-01T12:00:00.000Z';
  expect(consequencesOfExpiry(license({ maintenanceUntil: end }), later, now)).toContain(moves);
  expect(consequencesOfExpiry(license({ maintenanceUntil: later }), later, now)).not.toContain(moves);
});

test('A revocation ends devices and seats, and no users', () => {
  expect(consequencesOfRevocation(license())).toEqual(['These end at once: 1 device, 2 seats.']);
});

test('A repair proposes its limits with its strategy, and its duration in words', () => {
  const limits = step('CHANGE_LIMITS', { limits: { activations: 2 }, strategy: 'ALLOW_OVER' });
  expect(proposalOf(limits)).toEqual({ limits: { activations: 2 }, strategy: 'ALLOW_OVER' });
  expect(sentenceOfStep(step('RENEW', { duration: 'P1Y' }))).toBe('Renew the license: 1 year.');
});

test('The explanation of a refusal keeps the device, user and seat that were typed, and no key', () => {
  const typed = { licenseKey: 'a key', fingerprint: 'a device', user: 'ada', leaseHolder: 'seat', product: 'other' };
  const denial = { deniedAt: now, product: null, version: '2.0' };
  expect(requestOfDenial(denial, licenseId, typed)).toEqual({
    licenseId,
    fingerprint: 'a device',
    user: 'ada',
    leaseHolder: 'seat',
    version: '2.0',
    at: now,
  });
});

test('A refusal is explained only when a rule of the validation has its code', () => {
  expect(['EXPIRED', 'ACTIVATION_LIMIT_EXCEEDED', 'SEAT_LIMIT_EXCEEDED'].map(isExplained)).toEqual([
    true,
    false,
    false,
  ]);
});

test('The last day of a filter of usage counts as a whole', () => {
  const form = new FormData();
  for (const [name, value] of [
    ['by', 'day'],
    ['meter', ''],
    ['from', '2030-01-01'],
    ['to', '2030-01-31'],
  ] as const)
    form.set(name, value);
  expect(usageFilterIn(form)).toEqual({
    by: 'day',
    from: '2030-01-01T00:00:00.000Z',
    to: '2030-02-01T00:00:00.000Z',
  });
});

test('A table that a narrow window stacks names every value, and has one cell of buttons at most', () => {
  const screens = readdirSync('src/console/screens', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tsx'))
    .map((name) => ({ name, source: readFileSync(path.join('src/console/screens', name), 'utf8') }))
    .filter(({ source }) => source.includes('isStacked'));
  expect(screens.length).toBeGreaterThan(5);
  const unnamed = screens.filter(({ source }) => source.split('<td>').length > 2);
  expect(unnamed.map(({ name }) => name)).toEqual([]);
});

test('How far an instant is from now is said in whole units, and never as the name of a day or year', () => {
  const said = (at: string) => relative(at, Date.parse('2030-01-01T12:00:00.000Z'));
  expect(said('2028-02-02T00:00:00.000Z')).toBe('1 year ago');
  expect(said('2029-12-30T13:00:00.000Z')).toBe('1 day ago');
  expect(said('2030-03-02T12:00:00.000Z')).toBe('in 2 months');
  expect(said('2030-01-01T12:00:00.000Z')).toBe('now');
});
