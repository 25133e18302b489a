import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { condition } from '../support/product.ts';
import { type Api, type ApiAnswer, type ApiRequest, sendOnce } from '../support/two-apis.ts';
import { issueLimited } from './flood.ts';

// The product gives a command up after ten seconds. A busy machine adds to that.
const answerMsMax = 40_000;

/** The same commands, before and after a fault. */
type Commands = {
  readonly licenseId: string;
  readonly licenseKey: string;
  /** The external reference of a new license, and the name of a new API key. */
  readonly reference: string;
  readonly requests: readonly ApiRequest[];
};

/** Prepares one command of each kind for an API process. No command is sent yet. */
const prepare = async ({ baseUrl }: Api, apiKey: string): Promise<Commands> => {
  const { id, key: licenseKey } = await issueLimited(baseUrl, apiKey, 5);
  const reference = randomUUID();
  const command = (path: string, body: object, method = 'POST'): ApiRequest => ({
    ...{ baseUrl, path, body, method, key: apiKey, idempotencyKey: randomUUID() },
  });
  return {
    licenseId: id,
    licenseKey,
    reference,
    requests: [
      command('/v1/licenses/activate', { licenseKey, fingerprint: 'one' }),
      command(`/v1/licenses/${id}/renew`, { duration: 'P1M' }),
      command('/v1/licenses', { tier: 'PRO', products: ['local_cli'], externalRef: reference }),
      command(`/v1/licenses/${id}`, { metadata: { a: 1 }, externalRef: `changed ${reference}` }, 'PATCH'),
      command('/v1/api-keys', { name: reference, scopes: ['licenses:read'] }),
    ],
  };
};

const expectedTypes = [
  'ActivationRecorded',
  'LicenseIssued',
  'LicenseKeyIssued',
  'LicenseReferenceChanged',
  'LicenseRenewed',
];

/**
 * Sends one command of each kind while `fault` lasts: each gets 503 with Retry-After, and reads work. After `heal`, every
 * repetition with the same Idempotency-Key succeeds, and each command is carried out once.
 */
export const expectUnanswered = async (
  api: Api,
  apiKey: string,
  { fault, heal }: { readonly fault: () => void | Promise<void>; readonly heal: () => void | Promise<void> },
): Promise<void> => {
  const { baseUrl } = api;
  const { licenseId, licenseKey, reference, requests } = await prepare(api, apiKey);
  await fault();
  const refused = Promise.all(
    requests.map((request) => sendOnce({ ...request, signal: AbortSignal.timeout(answerMsMax) })),
  );
  const reads = await Promise.all(
    [`/v1/licenses/${licenseId}`, '/v1/licenses', '/v1/events', `/v1/licenses/${licenseId}/history`].map((path) =>
      sendOnce({ baseUrl, path, key: apiKey }),
    ),
  );
  expect(reads.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const validated = await sendOnce({ baseUrl, path: '/v1/licenses/validate', body: { licenseKey } });
  expect([validated.status, validated.body.code]).toEqual([200, 'VALID']);
  for (const [index, { status, retryAfter, body }] of (await refused).entries()) {
    const answer = [requests[index]?.path, status, body.code, body.cause, retryAfter];
    const cause = expect.stringMatching(/^(EVENT_STORE|OUTCOME_UNKNOWN)$/);
    expect(answer).toEqual([requests[index]?.path, 503, 'UNAVAILABLE', cause, expect.stringMatching(/^[1-9]\d*$/)]);
  }

  await heal();
  const carriedOut = await Promise.all(requests.map(insist));
  expect(await Promise.all(requests.map(insist))).toEqual(carriedOut);
  const read = async (path: string) =>
    (await sendOnce({ baseUrl, path, key: apiKey })).body.data as readonly Readonly<Record<string, unknown>>[];
  const types = async () =>
    (await read(`/v1/licenses/${licenseId}/history?limit=100`)).map(({ type }) => type).toSorted();
  await condition('the history has the commands', async () => (await types()).length >= expectedTypes.length);
  expect(await types()).toEqual(expectedTypes);
  expect(await read(`/v1/licenses?externalRef=${reference}`)).toHaveLength(1);
  expect((await read('/v1/api-keys?limit=100')).filter(({ name }) => name === reference)).toHaveLength(1);
};

/** Repeats a request until it is carried out. Returns what tells the effect. Throws for another refusal than for now. */
const insist = async (request: ApiRequest): Promise<unknown> => {
  let answer: ApiAnswer | null = null;
  await condition(
    `${request.path} is carried out`,
    async () => {
      answer = await sendOnce(request);
      if (answer.status === 503 || answer.body.code === 'IDEMPOTENCY_IN_FLIGHT') return false;
      expect([request.path, answer.status, answer.body.code]).toEqual([
        request.path,
        expect.toBeOneOf([200, 201]),
        undefined,
      ]);
      return true;
    },
    60_000,
  );
  return answer;
};
