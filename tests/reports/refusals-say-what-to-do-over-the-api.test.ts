import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

// People complained that a refusal named neither the value nor the allowed ones.

let ledger: Ledger;
let license = '';
beforeAll(async () => {
  ledger = await shareLedger();
  await call('POST', '/v1/products', { code: 'editor', name: 'Editor' });
  ({ licenseId: license } = await ledger.issue({ tier: 'FREE', products: ['editor'], term: { perpetual: true } }));
});
afterAll(() => ledger.stop());

const call = (method: string, path: string, body?: object) =>
  ledger.call(method, path, { key: ledger.a.apiKey, ...(body === undefined ? {} : { body }) });

const releases = '/v1/products/editor/releases';
const [reason, past] = [{ code: 'TEST' }, '2026-01-31T00:00:00.000Z'];
const dateTime = 'be a date-time with a zone and at most milliseconds, such as 2027-01-31T00:00:00.000Z, or null';
const noRelease = 'The product editor has no release "9.9.9". List its releases, or publish this one.';
const noProduct = 'This catalog has no product "nothing". Check the code, or add the product.';
const policy = (rules: object) => ({ name: 'Team', tier: 'PRO', products: ['editor'], ...rules });

type Row = readonly [what: string, method: string, path: string, body: object | undefined, detail: string];
const rows: readonly Row[] = [
  ['an unknown version', 'GET', `${releases}/9.9.9`, undefined, noRelease],
  ['withdrawing an unknown version', 'DELETE', `${releases}/9.9.9`, undefined, noRelease],
  ['a version of an unknown product', 'GET', '/v1/products/nothing/releases/9.9.9', undefined, noProduct],
  ['the releases of an unknown product', 'GET', '/v1/products/nothing/releases', undefined, noProduct],
  ['an end that is missing', 'POST', 'expiry', { reason }, `/to: is missing: it must ${dateTime}`],
  ['a maintenance without an end', 'POST', 'maintenance', { reason }, `/to: is missing: it must ${dateTime}`],
  [
    'a policy with a number as its maintenance',
    'POST',
    '/v1/policies',
    policy({ maintenance: 1 }),
    '/maintenance: must be TERM, a duration like P1Y, or null',
  ],
  [
    'a policy with an unknown maintenance',
    'POST',
    '/v1/policies',
    policy({ maintenance: 'YEAR' }),
    '"YEAR" is neither TERM nor a duration like P1Y.',
  ],
  [
    'a policy with an unknown overage',
    'POST',
    '/v1/policies',
    policy({ overage: { kind: 'SOME' } }),
    '/overage/kind: must be one of "NONE", "RATIO", "ALWAYS"',
  ],
  [
    'a paid term that has ended',
    'POST',
    'tier',
    { tier: 'PRO', term: { expiresAt: past } },
    `A term that begins now cannot end at ${past}. Send a term with a later end.`,
  ],
];

test.each(rows)('The refusal of %s says what to do', async (_, method, path, body, detail) => {
  const answer = await call(method, path.startsWith('/') ? path : `/v1/licenses/${license}/${path}`, body);
  expect([answer.status >= 400, answer.body.detail]).toEqual([true, detail]);
});
