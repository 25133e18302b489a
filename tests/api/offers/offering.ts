import type { Answer, Ledger, TestOrganization } from '../../support/ledger.ts';

/** What a vendor and a customer do with offers. The two do not know each other at the start. */
export const createOffering = async (ledger: Ledger) => {
  const [vendor, customer] = await Promise.all([ledger.createVendor('Vendor'), ledger.createVendor('Customer')]);
  const as =
    ({ apiKey: key }: TestOrganization) =>
    (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
      ledger.call(method, path, { key, body, headers });
  const [asVendor, asCustomer] = [as(vendor), as(customer)];
  const issue = (fields: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    asVendor('POST', '/v1/licenses', { ...offeredTo(customer), ...fields }, headers);
  const offers = async (query = ''): Promise<readonly string[]> => {
    const { body } = await asCustomer('GET', `/v1/license-offers${query}`);
    return Object.values(body.data ?? {}).map(({ licenseId }) => String(licenseId));
  };
  const listed = async (query = ''): Promise<readonly string[]> => {
    const { body } = await asCustomer('GET', `/v1/licenses${query}`);
    return Object.values(body.data ?? {}).map(({ id }) => String(id));
  };
  return {
    ...{ vendor, customer, as, asVendor, asCustomer, issue, offers, listed },
    /** Issues a license that is offered to the customer, and returns its id. */
    offer: async (fields: object = {}): Promise<string> => {
      const { status, text, body } = await issue(fields);
      if (status !== 201) throw new Error(`No license was offered: ${text}`);
      return String(body.license?.id);
    },
    license: async (licenseId: string) => (await asVendor('GET', `/v1/licenses/${licenseId}`)).body,
    answer: (licenseId: string, verb: 'accept' | 'decline') =>
      asCustomer('POST', `/v1/license-offers/${licenseId}/${verb}`),
    decide: (verb: 'trust' | 'block') => asCustomer('POST', `/v1/issuers/${vendor.organizationId}/${verb}`),
    transfer: (licenseId: string, to: TestOrganization | null, more: object = {}) =>
      asVendor('POST', `/v1/licenses/${licenseId}/transfer`, {
        toHolderOrganizationId: to?.organizationId ?? null,
        ...more,
      }),
  };
};

/** The body of a request for a license of this holder. */
export const offeredTo = ({ organizationId: holderOrganizationId }: TestOrganization) => ({
  ...{ tier: 'PRO', products: ['local_cli'], holderOrganizationId },
});

/** The status and code of a refusal. */
export const refusal = ({ status, body }: Answer) => [status, body.code];
