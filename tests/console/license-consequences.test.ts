import { describe, expect, test } from 'vitest';
import {
  consequencesOfExpiry,
  consequencesOfGrant,
  consequencesOfPreview,
  consequencesOfRevocation,
  consequencesOfRotation,
} from '../../src/console/screens/license/change/change-consequences.ts';
import { limitIn, limitsIn } from '../../src/console/screens/license/change/limits-in-form.ts';
import { metadataIn } from '../../src/console/screens/license/change/metadata-in-text.ts';
import { reasonIn } from '../../src/console/screens/license/change/reasons.ts';
import { termLineOf } from '../../src/console/screens/license/term-line.ts';
import { refusalIn } from '../../src/console/screens/refusal/refusal-in-address.ts';
import { addressOf, enteredIn } from '../../src/console/screens/refusal/refusal-request.ts';
import { sentenceOfStep } from '../../src/console/screens/refusal/refusal-steps.ts';
import { sentenceOfCode } from '../../src/console/texts/refusal-texts.ts';
import type { License } from '../../src/console/types.ts';

const licenseId = 'lic_01h455vb4pex5vsknk084sn02q';
const now = '2030-01-01T12:00:00.000Z';
const none = { count: 0, ids: [] };

const license = (changes: object = {}): License =>
  ({
    id: licenseId,
    tier: 'PRO',
    effectiveStatus: 'ACTIVE',
    products: ['local_cli'],
    entitlements: [],
    policy: { id: 'pol_a', version: 1, expiryStrategy: 'RESTRICT', expiryGraceSeconds: 0 },
    term: { startsAt: now, expiresAt: '2031-01-01T12:00:00.000Z', graceUntil: null },
    limits: { activations: 3, seats: 0, users: 0, meters: { exports: { limit: 100 } } },
    usage: { activations: 3, seats: 0, users: 0, meters: { exports: 40 } },
    maintenanceUntil: null,
    keyOverlaps: [],
    scheduled: [],
    ...changes,
  }) as unknown as License;

const formOf = (fields: Readonly<Record<string, string>>): FormData => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
};

describe('A preview says', () => {
  test('how many devices stay over a lower limit', () => {
    const after = license({ limits: { activations: 1, seats: 0, users: 0, meters: { exports: 100 } } });
    const ended = { activations: none, leases: none, users: none };
    expect(consequencesOfPreview({ before: license(), after, ended })).toEqual([
      'Devices: 1 instead of 3.',
      '2 devices over the new limit stay. A further one needs a free place, or overage by the policy.',
    ]);
  });

  test('how many devices end', () => {
    const after = license({
      limits: { activations: 1, seats: 0, users: 0, meters: { exports: 100 } },
      usage: { activations: 1, seats: 0, users: 0, meters: { exports: 40 } },
    });
    const ended = { activations: { count: 2, ids: [] }, leases: none, users: none };
    expect(consequencesOfPreview({ before: license(), after, ended })).toContain('2 devices end, the oldest first.');
  });

  test('that nothing changes', () => {
    expect(consequencesOfPreview({ before: license(), after: license(), ended: undefined })).toEqual([
      'Nothing changes.',
    ]);
  });

  test('which products a license loses', () => {
    const after = license({ products: ['cloud_ide'] });
    expect(consequencesOfPreview({ before: license(), after, ended: undefined })).toEqual([
      'The license gets products: cloud_ide.',
      'The license loses products: local_cli.',
    ]);
  });
});

test('An earlier end of the term is named, and an instant in the past is refused', () => {
  expect(consequencesOfExpiry(license(), '2030-06-01T12:00:00.000Z', now)).toContain(
    'That is earlier than before. Tell the customer.',
  );
  expect(consequencesOfExpiry(license(), '2029-06-01T12:00:00.000Z', now)).toEqual([
    'This instant has passed. Choose a later one.',
  ]);
});

test('A leaked key stops at once, whatever overlap is chosen', () => {
  expect(consequencesOfRotation(license(), { overlapSeconds: 3_600, cause: 'LEAKED' }, now)).toEqual([
    'The present key stops working at once. Every application needs the new one.',
  ]);
  const [kept] = consequencesOfRotation(license(), { overlapSeconds: 3_600, cause: 'ROUTINE' }, now);
  expect(kept).toMatch(/^The present key works until/);
});

test('A revocation names what ends with the license', () => {
  expect(consequencesOfRevocation(license())).toEqual(['These end at once: 3 devices.']);
});

test('A grant without a code has no consequence yet', () => {
  expect(consequencesOfGrant(license(), { code: '', until: null, isWithheld: false })).toEqual([]);
});

test('A form sends only the limits that differ, and no invalid one', () => {
  const form = formOf({ activations: '3', seats: 'Unlimited', users: '-1', 'meter exports': '200' });
  expect(limitsIn(form, license())).toEqual({ seats: 'unlimited', meters: { exports: 200 } });
  expect([limitIn('1.5'), limitIn(''), limitIn(null)]).toEqual([null, null, null]);
});

test('Metadata is a JSON object, and an empty text is an empty one', () => {
  expect([metadataIn('{"a":1}'), metadataIn(' '), metadataIn('[1]'), metadataIn('{')]).toEqual([
    { a: 1 },
    {},
    null,
    null,
  ]);
});

test('A reason is written as the API takes it, and a note alone is a reason', () => {
  expect(reasonIn(formOf({ code: ' late payment ', note: '' }))).toEqual({ reason: { code: 'LATE_PAYMENT' } });
  expect(reasonIn(formOf({ code: '', note: 'a call' }))).toEqual({ reason: { code: 'OTHER', text: 'a call' } });
  expect(reasonIn(formOf({ code: '', note: ' ' }))).toEqual({});
});

test('The line of a term has its grace after its end, and every announced change', () => {
  const line = termLineOf(
    license({
      term: { startsAt: now, expiresAt: '2031-01-01T12:00:00.000Z', graceUntil: '2031-02-01T12:00:00.000Z' },
      scheduled: [{ eventId: 'evt', kind: 'SUSPENSION', effectiveAt: '2030-07-01T12:00:00.000Z' }],
    }),
    now,
  );
  const [term, grace] = line?.bars ?? [];
  expect(term?.to).toBe(grace?.from);
  expect(grace?.to).toBeGreaterThan(grace?.from ?? 0);
  expect(line?.marks.map(({ kind }) => kind)).toEqual(['announced', 'now']);
  expect(line?.label).toContain('suspension');
  expect(termLineOf(license({ term: { startsAt: null, expiresAt: null, graceUntil: null } }), now)).toBeNull();
});

test('An address never has a key, a device or a user', async () => {
  const entered = await enteredIn(
    formOf({ license: 'a key', device: 'fingerprint', user: 'ada', product: 'local_cli', version: '2.0', at: '' }),
  );
  expect(entered.kind).toBe('request');
  if (entered.kind === 'request') expect(addressOf(entered.request)).toEqual({ product: 'local_cli', version: '2.0' });
});

test('An address with an invalid license or instant is read without them', () => {
  expect(refusalIn({ license: 'a key', at: 'soon', version: 2 })).toEqual({ version: '2' });
  expect(refusalIn({ license: licenseId, at: now })).toEqual({ license: licenseId, at: now });
});

test('An activation is named by its id, everything else is a fingerprint', async () => {
  const activationId = 'act_01h455vb4pex5vsknk084sn02q';
  expect(await enteredIn(formOf({ license: licenseId, device: activationId }))).toEqual({
    kind: 'request',
    request: { licenseId, activationId },
  });
  expect(await enteredIn(formOf({ license: ' ' }))).toEqual({ kind: 'empty' });
});

test('A step of a repair is a sentence with its values', () => {
  const step = {
    operationId: null,
    method: null,
    path: null,
    body: null,
    fromRequest: [],
    choose: null,
    send: null,
    omit: [],
    until: null,
  };
  expect(sentenceOfStep({ ...step, action: 'ADD_PRODUCT', body: { add: ['cloud_ide'] } })).toBe(
    'Add the product to the license: cloud_ide.',
  );
  expect(sentenceOfStep({ ...step, action: 'SEND', send: { product: ['a', 'b'], fingerprint: null } })).toBe(
    'The application sends other values: product a or b, fingerprint (the value that the application knows).',
  );
});

test('A code without a sentence is shown as it is', () => {
  expect(sentenceOfCode('SEAT_LIMIT_EXCEEDED')).toBe('No floating seat was free.');
  expect(sentenceOfCode('SOMETHING_NEW')).toBe('SOMETHING_NEW');
});
