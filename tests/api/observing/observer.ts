import { expect } from 'vitest';
import type { Answer, Ledger } from '../../support/ledger.ts';

export type License = { readonly licenseId: string; readonly licenseKey: string };

/** Returns the entries of a page. */
export const entriesOf = ({ status, body }: Answer) => {
  expect(status).toBe(200);
  return Object.values(body.data ?? {});
};

/** Sends the requests of clients with a key, and reads what was observed of them. */
export const observerOf = (ledger: Ledger) => {
  const client = (operation: string, { licenseKey }: License, fields: object = {}, headers = {}) =>
    ledger.call('POST', `/v1/licenses/${operation}`, { body: { licenseKey, ...fields }, headers });
  const read = async (path: string, key = ledger.a.apiKey, position?: string) => {
    await ledger.writeObservations();
    const seen = position === undefined ? {} : { 'ledger-min-position': position };
    return ledger.call('GET', path, { key, headers: seen });
  };
  return {
    client,
    validate: (license: License, fields: object = {}) => client('validate', license, fields),
    /** Reads after everything that was observed is written. `position`: that of an earlier change. */
    read,
    get: ({ licenseId }: License, path = '', key = ledger.a.apiKey) => read(`/v1/licenses/${licenseId}${path}`, key),
    today: () => ledger.needs.now().slice(0, 10),
    wait: (seconds: number) => {
      ledger.clock.aheadMs += seconds * 1_000;
    },
  };
};
