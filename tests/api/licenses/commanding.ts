import { expect } from 'vitest';
import type { Answer, Fields, Ledger } from '../../support/ledger.ts';

/** What a test says to licenses of organization A over HTTP. */
export const commanding = (ledger: Ledger) => {
  const send = (method: string, licenseId: string, verb: string, body?: object, key = ledger.a.apiKey) =>
    ledger.call(method, `/v1/licenses/${licenseId}${verb === '' ? '' : `/${verb}`}`, { key, body });
  /** Returns the license as the answers to commands show it: without what was observed of its use. */
  const read = async (licenseId: string): Promise<Fields> => {
    const { status, body } = await send('GET', licenseId, '');
    expect(status).toBe(200);
    const { lastValidatedAt: _lastValidatedAt, recentValidations: _recentValidations, ...license } = body;
    return license;
  };
  return {
    send,
    /** Sends a command. */
    post: (licenseId: string, verb: string, body: object, key?: string) => send('POST', licenseId, verb, body, key),
    read,
    /** Sends a command that must be accepted; answers with the license after it, which is what is read then. */
    done: async (licenseId: string, verb: string, body: object, changed = true): Promise<Fields> => {
      const answer = await send('POST', licenseId, verb, body);
      expect([answer.status, answer.body.changed], answer.text).toEqual([200, changed]);
      expect(await read(licenseId)).toEqual(answer.body.license);
      return answer.body.license ?? {};
    },
    /** The types of the events of a license, from the third on: after its issue. */
    historyOf: async (licenseId: string): Promise<readonly string[]> => {
      const { body } = await send('GET', licenseId, 'history');
      return Object.values(body.data ?? {})
        .map(({ type }) => String(type))
        .slice(2);
    },
  };
};

/** Status and code of a refusal. */
export const refusal = ({ status, body }: Answer): readonly [number, string] => [status, String(body.code)];

/** With the API's clock so much later. */
export const later = async <Result>(
  { clock }: Ledger,
  seconds: number,
  work: () => Promise<Result>,
): Promise<Result> => {
  clock.aheadMs = seconds * 1_000;
  try {
    return await work();
  } finally {
    clock.aheadMs = 0;
  }
};
