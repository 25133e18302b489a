import { formatLicenseKey, generateLicenseKeyBody } from '../../src/identity/license-key.ts';
import type { Answer, Ledger } from '../support/ledger.ts';

/** What a case may use: a license of organization A that exists, and `send` as that organization. */
export type CaseContext = {
  readonly ledger: Ledger;
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    key?: string,
  ) => Promise<Answer>;
  readonly licenseId: string;
  readonly licenseKey: string;
};

type Case = readonly [name: string, request: (context: CaseContext) => Promise<Answer>, code: string, status: number];

const issue = { tier: 'PRO', products: ['local_cli'] };
const unknownId = 'lic_01h455vb4pex5vsknk084sn02q';
const unknownKey = () => formatLicenseKey('LL', generateLicenseKeyBody());
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Requests that are refused for what they are, with the code and status of the answer. */
export const malformedCases: readonly Case[] = [
  ['garbage instead of JSON', ({ send }) => send('POST', '/v1/licenses', '{"tier":'), 'INVALID_REQUEST', 400],
  ['no body', ({ send }) => send('POST', '/v1/licenses'), 'INVALID_REQUEST', 400],
  ['null', ({ send }) => send('POST', '/v1/licenses', 'null'), 'INVALID_REQUEST', 400],
  ['an array', ({ send }) => send('POST', '/v1/licenses', '[]'), 'INVALID_REQUEST', 400],
  [
    'bytes that are no UTF-8',
    ({ send }) => send('POST', '/v1/licenses', Buffer.from([0x22, 0xff, 0x22])),
    'INVALID_REQUEST',
    400,
  ],
  ['an unknown field', ({ send }) => send('POST', '/v1/licenses', { ...issue, teir: 'PRO' }), 'INVALID_REQUEST', 400],
  [
    'a holder that does not exist',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, holderOrganizationId: unknownId.replace('lic_', 'org_') }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a wrong type',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, products: 'local_cli' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a fraction',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, limits: { activations: 1.5 } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a huge number',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, limits: { activations: 1e308 } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'NUL in text',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, externalRef: 'a\0b' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'half a surrogate pair',
    ({ send }) => send('POST', '/v1/licenses', '{"tier":"PRO","products":["a_b"],"externalRef":"\\ud800"}'),
    'INVALID_REQUEST',
    400,
  ],
  [
    'NUL as a name',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, metadata: { 'a\0': 1 } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    '__proto__',
    ({ send }) => send('POST', '/v1/licenses', '{"tier":"PRO","products":["a_b"],"metadata":{"__proto__":{"x":1}}}'),
    'INVALID_REQUEST',
    400,
  ],
  ['33 levels', ({ send }) => send('POST', '/v1/licenses', `{"metadata":{"a":${nested(31)}}}`), 'INVALID_REQUEST', 400],
  ['50,000 nested arrays', ({ send }) => send('POST', '/v1/licenses', nested(50_000)), 'INVALID_REQUEST', 400],
  [
    '1,001 elements',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, metadata: { a: Array(1001).fill(0) } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a text of 5 kB',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, metadata: { a: 'x'.repeat(5000) } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'metadata of 20 kB',
    ({ send }) =>
      send('POST', '/v1/licenses', {
        ...issue,
        metadata: Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`k${n}`, 'x'.repeat(4000)])),
      }),
    'INVALID_REQUEST',
    400,
  ],
  ['a body of 1 MB', ({ send }) => send('POST', '/v1/licenses', `"${'x'.repeat(1_000_000)}"`), 'BODY_TOO_LARGE', 413],
  [
    'another media type',
    ({ send }) => send('POST', '/v1/licenses', 'tier=PRO', { 'content-type': 'text/plain' }),
    'UNSUPPORTED_MEDIA_TYPE',
    415,
  ],
  [
    'a packed body',
    ({ send }) => send('POST', '/v1/licenses', '{}', { 'content-encoding': 'gzip' }),
    'UNSUPPORTED_MEDIA_TYPE',
    415,
  ],
  [
    'tier and policy at once',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, policyId: 'pol_01h455vb4pex5vsknk084sn02q' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'an unknown policy',
    ({ send }) => send('POST', '/v1/licenses', { products: ['a_b'], policyId: 'pol_01h455vb4pex5vsknk084sn02q' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'two kinds of term',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, term: { duration: 'P1Y', perpetual: true } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    '30 February',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, term: { expiresAt: '2030-02-30T00:00:00Z' } }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a term that ended before it began',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, term: { expiresAt: '2001-01-01T00:00:00Z' } }),
    'TERM_INVALID',
    400,
  ],
  [
    'no duration',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, term: { duration: 'a year' } }),
    'TERM_INVALID',
    400,
  ],
  [
    'a negative limit',
    ({ send }) => send('POST', '/v1/licenses', { ...issue, limits: { activations: -1 }, metadata: { a: 1 } }),
    'LIMIT_INVALID',
    400,
  ],
  ['a mistyped id', ({ send }) => send('GET', '/v1/licenses/lic_01'), 'INVALID_REQUEST', 400],
  ['an unknown query', ({ send }) => send('GET', '/v1/licenses?teir=PRO'), 'INVALID_REQUEST', 400],
  ['a query twice', ({ send }) => send('GET', '/v1/licenses?tier=PRO&tier=FREE'), 'INVALID_REQUEST', 400],
  ['NUL in a query', ({ send }) => send('GET', '/v1/licenses?externalRef=%00'), 'INVALID_REQUEST', 400],
  ['101 entries', ({ send }) => send('GET', '/v1/licenses?limit=101'), 'INVALID_REQUEST', 400],
  ['a made-up cursor', ({ send }) => send('GET', `/v1/licenses?cursor=${'A'.repeat(64)}`), 'INVALID_REQUEST', 400],
  ['a path that is no URL', ({ send }) => send('GET', '/v1/licenses/%ff'), 'INVALID_REQUEST', 400],
  [
    'a made-up position',
    ({ send }) => send('GET', '/v1/licenses', undefined, { 'ledger-min-position': 'x' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'an idempotency key with a space',
    ({ send, licenseId }) =>
      send('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'LEGAL' } }, { 'idempotency-key': 'a b' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a precondition that is not checked',
    ({ send }) => send('POST', '/v1/licenses', issue, { 'if-match': '"1"' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a precondition that is no ETag',
    ({ send, licenseId }) =>
      send('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'LEGAL' } }, { 'if-match': '1' }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'revoking without a reason',
    ({ send, licenseId }) => send('POST', `/v1/licenses/${licenseId}/revoke`, {}),
    'INVALID_REQUEST',
    400,
  ],
  [
    'a suspension that ended',
    ({ send, licenseId }) =>
      send('POST', `/v1/licenses/${licenseId}/suspend`, {
        reason: { code: 'LEGAL', text: 'secret' },
        until: '2001-01-01T00:00:00Z',
      }),
    'TERM_INVALID',
    400,
  ],
  [
    'a mistyped key',
    ({ ledger, licenseKey }) =>
      ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey: `${licenseKey.slice(0, -1)}?` } }),
    'LICENSE_KEY_MALFORMED',
    400,
  ],
  [
    'a key and an id',
    ({ send, licenseId, licenseKey }) => send('POST', '/v1/licenses/validate', { licenseKey, licenseId }),
    'INVALID_REQUEST',
    400,
  ],
  ['no license at all', ({ send }) => send('POST', '/v1/licenses/validate', {}), 'INVALID_REQUEST', 400],
  [
    'a fingerprint of 257 characters',
    ({ send, licenseKey }) => send('POST', '/v1/licenses/activate', { licenseKey, fingerprint: 'x'.repeat(257) }),
    'INVALID_REQUEST',
    400,
  ],
  [
    'an unknown key',
    ({ send }) => send('POST', '/v1/licenses/activate', { licenseKey: unknownKey(), fingerprint: 'x' }),
    'LICENSE_NOT_FOUND',
    404,
  ],
  [
    'another product',
    ({ send, licenseKey }) =>
      send('POST', '/v1/licenses/activate', { licenseKey, fingerprint: 'x', product: 'workflow_app', name: 'n' }),
    'PRODUCT_NOT_LICENSED',
    409,
  ],
  [
    'a device that never was',
    ({ send, licenseKey }) => send('POST', '/v1/licenses/deactivate', { licenseKey, fingerprint: 'never' }),
    'ACTIVATION_NOT_FOUND',
    404,
  ],
  [
    'an unknown license',
    ({ send }) => send('POST', `/v1/licenses/${unknownId}/suspend`, { reason: { code: 'LEGAL', text: 'x' } }),
    'LICENSE_NOT_FOUND',
    404,
  ],
  ['no credential', ({ ledger }) => ledger.call('GET', '/v1/licenses'), 'UNAUTHENTICATED', 401],
  [
    'no credential of a client',
    ({ ledger, licenseId }) => ledger.call('POST', '/v1/licenses/validate', { body: { licenseId } }),
    'UNAUTHENTICATED',
    401,
  ],
  [
    'a mistyped API key',
    ({ send, ledger }) => send('GET', '/v1/licenses', undefined, {}, `${ledger.a.apiKey.slice(0, -1)}!`),
    'UNAUTHENTICATED',
    401,
  ],
  ['another method', ({ send }) => send('PUT', '/v1/licenses'), 'METHOD_NOT_ALLOWED', 405],
  ['another method on a fixed path', ({ send }) => send('GET', '/v1/licenses/validate'), 'METHOD_NOT_ALLOWED', 405],
  ['an unknown path', ({ send }) => send('GET', '/v2/licenses'), 'NOT_FOUND', 404],
];
