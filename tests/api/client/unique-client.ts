import { expect } from 'vitest';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import type { Answer, Ledger } from '../../support/ledger.ts';

export type Issued = { readonly licenseId: string; readonly licenseKey: string };
type Fields = Parameters<typeof issueDirectly>[1];

/** Calls for licenses of organization A with a policy that allows a device on one license of the issuer only. */
export const uniqueClientOf = (ledger: Ledger) => {
  const issue = (policy: Partial<PinnedPolicy> = {}, fields: Fields = {}): Promise<Issued> =>
    issueDirectly(ledger, { ...fields, policy: { fingerprintUniqueness: 'ISSUER', ...policy } });
  const send = (path: string, { licenseKey }: Issued, body: object) =>
    ledger.call('POST', `/v1/licenses/${path}`, { body: { licenseKey, ...body } });
  const activate = (license: Issued, fingerprint: string) => send('activate', license, { fingerprint });
  const accepted = async (answer: Promise<Answer>) => {
    const { status, text } = await answer;
    expect([200, 201], text).toContain(status);
  };
  const manage = (path: string, { licenseId }: Issued, body: object) =>
    accepted(ledger.call('POST', `/v1/licenses/${licenseId}/${path}`, { key: ledger.a.apiKey, body }));
  return { issue, send, activate, accepted, manage };
};

/** The answer to the activation of a device that another license has. */
export const elsewhere = {
  status: 409,
  body: { code: 'DEVICE_ACTIVE_ELSEWHERE', errors: [{ pointer: '/fingerprint' }] },
};
