import { expect } from 'vitest';
import { sendTo } from './issue-directly.ts';
import type { Answer, Ledger } from './ledger.ts';

/** The status of an answer, with its code or whether it changed something. */
export const outcomeOf = ({ status, body }: Answer) => [status, body.code ?? body.changed];

/** A period or a day of usage as the API shows it. */
export type Sums = { readonly [name: string]: unknown };

/** Licenses with the meters `builds`, 100 a day, and `exports`, 50 for the term, of organization A. */
export const meteredLicenses = (ledger: () => Ledger) => {
  let policyId = '';
  /** Creates the policy of the licenses. */
  const prepare = async () => {
    await asIssuer('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
    const meters = { builds: { limit: 100, resets: 'P1D' }, exports: 50 };
    const policy = { name: 'Metered', tier: 'PRO', products: ['local_cli'], limits: { meters } };
    policyId = String((await asIssuer('POST', '/v1/policies', policy)).body.id);
  };
  const asIssuer = (method: string, path: string, body?: object) =>
    ledger().call(method, path, { key: ledger().a.apiKey, ...(body === undefined ? {} : { body }) });
  const issue = async () => {
    const { body } = await asIssuer('POST', '/v1/licenses', { policyId, term: { duration: 'P1Y' } });
    return { licenseId: String(body.license?.id), licenseKey: String(body.licenseKey) };
  };
  const send = (licenseKey: string, body: object): Promise<Answer> =>
    ledger().call('POST', '/v1/licenses/usage', { body: { licenseKey, ...body } });
  /** Records usage, or a correction, without the API, whose batches of one license keep a second of distance. */
  const record = (
    licenseId: string,
    usageId: string,
    quantity: number,
    more: { meter?: string; corrects?: string } = {},
  ) => {
    const { meter = 'builds', ...corrects } = more;
    const entry = { usageId, quantity, occurredAt: ledger().needs.now(), commandId: crypto.randomUUID(), ...corrects };
    return sendTo(ledger(), licenseId, { type: 'RecordUsage', data: { meter, entries: [entry] } });
  };
  const use = (licenseKey: string, usageId: string, quantity: number, more: object = {}) =>
    send(licenseKey, { meter: 'builds', usageId, quantity, ...more });
  const correct = (licenseId: string, usageId: string, corrects: string, quantity: number) =>
    asIssuer('POST', '/v1/licenses/usage', { licenseId, meter: 'builds', usageId, quantity, corrects });
  const reset = (licenseId: string, meter = 'builds') =>
    asIssuer('POST', `/v1/licenses/${licenseId}/usage/reset`, {
      meter,
      reason: { code: 'GOODWILL', text: 'Ada asked' },
    });
  const sums = async (licenseId: string, query = '', key = ledger().a.apiKey): Promise<readonly Sums[]> => {
    const { status, body } = await ledger().call('GET', `/v1/licenses/${licenseId}/usage${query}`, { key });
    expect(status).toBe(200);
    return body.data as unknown as readonly Sums[];
  };
  const eventsOf = async (licenseId: string) => (await ledger().store.connect().read(`license-${licenseId}`)).events;
  return { prepare, asIssuer, issue, send, record, use, correct, reset, sums, eventsOf };
};
