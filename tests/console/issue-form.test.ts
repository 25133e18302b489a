import { describe, expect, test } from 'vitest';
import { localText } from '../../src/console/parts/dates.ts';
import { newRow } from '../../src/console/parts/input-rows.ts';
import {
  type ConversionForm,
  conversionBodyOf,
  lossesOf,
  previewBodyOf,
} from '../../src/console/screens/issue/conversion.ts';
import { emptyForm, faultsOf, type IssueForm, issueBodyOf } from '../../src/console/screens/issue/issue-form.ts';
import { previewOf } from '../../src/console/screens/issue/issue-preview.ts';
import { formOfReplaced, notesOnReplaced } from '../../src/console/screens/issue/replaced.ts';
import { placeInRow } from '../../src/console/screens/issue/row-faults.ts';
import type { License } from '../../src/console/types.ts';
import { policy } from './sample-policy.ts';

const onSale = { policy, archived: ['old'] };
const form: IssueForm = { ...emptyForm, policyId: 'pol_1' };
const moment = { at: '2027-01-31T12:00:00.000Z', timeZone: 'Europe/Berlin' };
const bodyOf = (fields: Partial<IssueForm>) => issueBodyOf({ ...form, ...fields }, onSale, null);
const lineOf = (name: string, fields: Partial<IssueForm>) =>
  previewOf(policy, bodyOf(fields), moment).find((line) => line.name === name);

describe('The form that issues a license', () => {
  test('sends only what differs from the policy', () => {
    expect(bodyOf({})).toEqual({ policyId: 'pol_1' });
    const typed = {
      ...{ version: '1', term: 'duration' as const, duration: '30 days', activations: 'Unlimited' },
      ...{ grants: [newRow({ code: 'sso', kind: 'withheld' })], reasonCode: 'PURCHASE', note: 'by phone' },
      reference: ' order 1 ',
    };
    expect(issueBodyOf({ ...form, ...typed }, onSale, 'lic_1')).toEqual({
      ...{ policyId: 'pol_1', policyVersion: 1, term: { duration: 'P30D' }, limits: { activations: 'unlimited' } },
      ...{ externalRef: 'order 1', entitlements: [{ code: 'sso', withheld: true }], replaces: 'lic_1' },
      reason: { code: 'PURCHASE', text: 'by phone' },
    });
  });

  test('says what is wrong in each field, and marks the input of a row', () => {
    const [empty, first, second] = [newRow(), newRow({ code: 'sso', limit: 'unlimited' }), newRow({ code: 'sso' })];
    const wrong: IssueForm = {
      ...{ ...emptyForm, products: ['old'], seats: '-1', term: 'expiresAt' as const, note: 'why' },
      ...{ meters: [empty], grants: [first, second] },
    };
    expect(Object.keys(faultsOf(wrong, onSale.archived)).sort()).toEqual(
      [
        ...['expiresAt', 'policyId', 'products', 'reasonCode', 'seats'],
        ...[placeInRow(empty, 'name'), placeInRow(empty, 'limit')],
        ...[placeInRow(first, 'limit'), placeInRow(second, 'code')],
      ].sort(),
    );
    expect(faultsOf(form, onSale.archived)).toEqual({});
  });

  test('sends the period of a meter that was chosen, also the term, and foretells that of the policy', () => {
    const meters = (fields: object) => ({ meters: [newRow({ name: 'builds', limit: '1200', ...fields })] });
    expect(bodyOf(meters({})).limits).toEqual({ meters: { builds: 1_200 } });
    expect(bodyOf(meters({ resets: 'TERM' })).limits).toEqual({ meters: { builds: { limit: 1_200, resets: 'TERM' } } });
    const after = 'use above a limit: up to 120 % of the limit';
    expect(lineOf('Meter builds', meters({}))?.value).toBe(`1,200 in a month, ${after}`);
    expect(lineOf('Meter builds', meters({ resets: 'TERM' }))?.value).toBe(`1,200 in the term, ${after}`);
  });

  test('leaves out archived products, and the address of a person when the policy is no trial', () => {
    expect(bodyOf({ products: ['draw', 'old'], trialAddress: 'ann@customer.example' })).toEqual({
      policyId: 'pol_1',
      products: ['draw'],
    });
    const trial = { policy: { ...policy, type: 'TRIAL' as const }, archived: [] };
    expect(issueBodyOf({ ...form, trialAddress: 'ann@customer.example' }, trial, null)).toMatchObject({
      trialAddress: 'ann@customer.example',
    });
  });

  test('foretells the end in the calendar of the issuer', () => {
    expect(lineOf('Ends', { term: 'duration', duration: '1 month' })).toMatchObject({
      isChanged: true,
      value: expect.stringContaining('Feb 28, 2027'),
    });
  });

  test('names the customer of the license, or its id where the name is not known', () => {
    const body = bodyOf({ holder: 'org_1' });
    const customerOf = (holderName: string | null) =>
      previewOf(policy, body, moment, holderName).find(({ name }) => name === 'Customer')?.value;
    expect([customerOf('Beta'), customerOf(null)]).toEqual(['Beta', 'org_1']);
  });

  test('foretells a start by the first use, and until when an entitlement is withheld', () => {
    const byUse = { term: 'duration', duration: '1 month', basis: 'FIRST_ACTIVATION' } as const;
    expect(lineOf('Starts', byUse)).toMatchObject({ value: 'from the first device', isChanged: true });
    expect(lineOf('Starts', { term: 'duration', duration: '1 month' })).toMatchObject({ value: 'at once' });
    const grants = [newRow({ code: 'export', kind: 'withheld', until: '2027-03-01T12:00:00' })];
    expect(lineOf('Entitlement export', { grants })?.value).toBe('withheld until March 1, 2027');
  });
});

const now = Date.parse('2027-01-01T00:00:00.000Z');
const soon = '2027-06-01T10:20:30.456Z';

const revoked = (changes: object = {}): License =>
  ({
    ...{ id: 'lic_1', products: ['draw'], entitlements: [], maintenanceUntil: null, metadata: {}, externalRef: null },
    ...{ holderOrganizationId: null, policy: { id: 'pol_1', version: 2 } },
    term: { startsAt: '2026-01-01T00:00:00.000Z', expiresAt: null, awaits: null },
    limits: { activations: 25, seats: 0, users: 'unlimited', meters: {} },
    overrides: { limits: {}, products: { added: [], removed: [] }, entitlements: [] },
    ...changes,
  }) as unknown as License;

const replacing = (changes: object) => issueBodyOf(formOfReplaced(revoked(changes), now), onSale, 'lic_1');

describe('A replacement has', () => {
  test('the term of the old license, to the millisecond', () => {
    const term = { startsAt: '2026-01-01T00:00:00.000Z', expiresAt: soon, awaits: null };
    expect(replacing({}).term).toEqual({ perpetual: true });
    expect(replacing({ term }).term).toEqual({ expiresAt: soon });
    expect(replacing({ term: { ...term, startsAt: '2027-02-01T00:00:00.001Z' } }).term).toEqual({
      ...{ expiresAt: soon, startsAt: '2027-02-01T00:00:00.001Z' },
    });
    const awaits = { trigger: 'FIRST_VALIDATION', duration: 'P14D' };
    expect(replacing({ term: { startsAt: null, expiresAt: null, awaits } }).term).toEqual({
      ...{ duration: 'P14D', basis: 'FIRST_VALIDATION' },
    });
  });

  test('another end when its field was changed', () => {
    const old = revoked({ term: { startsAt: null, expiresAt: soon, awaits: null } });
    const typed = { ...formOfReplaced(old, now), expiresAt: '2027-07-01T08:00:00' };
    expect(localText(String(issueBodyOf(typed, onSale, null).term?.expiresAt))).toBe('2027-07-01T08:00:00');
  });

  test('the maintenance, the metadata, the customer, and what differs from the policy', () => {
    const overage = { kind: 'ALWAYS' };
    expect(
      replacing({
        ...{ maintenanceUntil: soon, metadata: { order: 7 }, externalRef: 'o1', holderOrganizationId: 'org_1' },
        limits: {
          ...{ activations: 7, seats: 0, users: 0 },
          meters: { a: 5, b: { limit: 6, resets: 'P1M', overage } },
        },
        overrides: {
          limits: { activations: 7, meters: { a: 5, b: { overage } } },
          ...{ products: { added: [], removed: [] }, entitlements: ['sso'] },
        },
        entitlements: [
          { ...{ code: 'sso', value: null, limit: 3, until: soon }, source: 'grant', ended: false, withheld: false },
        ],
      }),
    ).toEqual({
      ...{ policyId: 'pol_1', policyVersion: 2, replaces: 'lic_1', term: { perpetual: true } },
      ...{ maintenanceUntil: soon, metadata: { order: 7 }, externalRef: 'o1', holderOrganizationId: 'org_1' },
      limits: { activations: 7, meters: { a: 5, b: { limit: 6, overage } } },
      entitlements: [{ code: 'sso', limit: 3, until: soon }],
    });
  });

  test('a note on what it cannot take over', () => {
    const ended = { term: { startsAt: null, expiresAt: '2026-06-01T00:00:00.000Z', awaits: null } };
    expect(replacing({ ...ended, maintenanceUntil: soon })).not.toHaveProperty('maintenanceUntil');
    expect(notesOnReplaced(revoked(ended), policy, now)).toEqual([expect.stringContaining('has ended')]);
    const overrides = { limits: { meters: { builds: null } }, products: { added: [], removed: [] }, entitlements: [] };
    expect(notesOnReplaced(revoked({ overrides, maintenanceUntil: soon }), policy, now)).toEqual([
      expect.stringContaining('builds'),
    ]);
    expect(notesOnReplaced(revoked(), policy, now)).toEqual([expect.stringContaining('covers every release')]);
    expect(notesOnReplaced(revoked(), { ...policy, maintenance: null }, now)).toEqual([]);
  });
});

describe('A conversion', () => {
  const typed: ConversionForm = { policyId: 'pol_2', duration: '1 year', payment: ' inv 1 ', reasonCode: '' };
  const license = (...products: string[]) => ({ products }) as unknown as License;

  test('is confirmed when it takes products, and only then', () => {
    const losses = lossesOf({ before: license('draw', 'paint'), after: license('draw', 'print') });
    expect(losses).toEqual(['paint']);
    const body = { policyId: 'pol_2', term: { duration: 'P1Y' }, billingRef: 'inv 1' };
    expect(conversionBodyOf(typed, losses)).toEqual({ ...body, confirm: true });
    expect(conversionBodyOf(typed, lossesOf({ before: license('draw'), after: license('draw', 'print') }))).toEqual(
      body,
    );
  });

  test('has no preview before its policy is chosen, or with a length that is none', () => {
    expect(previewBodyOf({ ...typed, policyId: '' })).toBeNull();
    expect(previewBodyOf({ ...typed, duration: 'soon' })).toBeNull();
    expect(previewBodyOf({ ...typed, duration: '' })).toEqual({ policyId: 'pol_2' });
  });
});
