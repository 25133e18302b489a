import type { Credential } from './credentials.ts';
import type { MakeRequest, Subject } from './subject.ts';

const reason = { code: 'PAYMENT' };
const device = () => ({ fingerprint: crypto.randomUUID(), product: 'local_cli' });

/** A command on a license of its own. */
const command =
  (verb: string, body: object, suspendedFor?: string): MakeRequest =>
  async ({ license, prepare }) => {
    const { licenseId } = await license();
    if (suspendedFor !== undefined) {
      await prepare('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: suspendedFor } });
    }
    return { path: `/v1/licenses/${licenseId}/${verb}`, body };
  };

const read =
  (what: string): MakeRequest =>
  async ({ license }) => ({ path: `/v1/licenses/${(await license()).licenseId}${what}` });

/** Names a license by its key for whoever comes with that, else by its id. */
const named = async ({ license }: Subject, { is }: Credential, fields: object = {}) => {
  const { licenseId, licenseKey } = await license(fields);
  return is.kind === 'license key'
    ? { naming: {}, authorization: `License ${licenseKey}`, licenseId }
    : { naming: { licenseId }, licenseId };
};

/** The same in a URL, where no key may stand. */
const query = ({ naming }: { readonly naming: { readonly licenseId?: string } }) =>
  naming.licenseId === undefined ? '' : `?licenseId=${naming.licenseId}`;

const floating = { limits: { seats: 100, meters: { api_calls: 1_000_000 } } };

/** A license of which somebody has a seat. */
const seated = async (subject: Subject, caller: Credential) => {
  const license = await named(subject, caller, floating);
  // Of one that is made once, the request, too, is the same each time.
  const asked = { licenseId: license.licenseId, leaseHolder: license.licenseId };
  const { lease } = await subject.prepare('POST', '/v1/licenses/leases', asked);
  return { ...license, leaseId: String(lease?.id) };
};

/** Requests about licenses. */
export const licenseRequests: Readonly<Record<string, MakeRequest>> = {
  validateLicense: async (subject, caller) => {
    const { naming, ...more } = await named(subject, caller);
    return { path: '/v1/licenses/validate', body: { ...naming, product: 'local_cli' }, ...more };
  },
  activateLicense: async (subject, caller) => {
    const { naming, ...more } = await named(subject, caller);
    return { path: '/v1/licenses/activate', body: { ...naming, ...device() }, ...more };
  },
  deactivateLicense: async (subject, caller) => {
    const { naming, licenseId, ...more } = await named(subject, caller);
    await subject.prepare('POST', '/v1/licenses/activate', { licenseId, fingerprint: licenseId });
    return { path: '/v1/licenses/deactivate', body: { ...naming, fingerprint: licenseId }, ...more };
  },
  swapActivation: async (subject, caller) => {
    const { naming, licenseId, ...more } = await named(subject, caller);
    await subject.prepare('POST', '/v1/licenses/activate', { licenseId, fingerprint: licenseId });
    const body = { ...naming, release: { fingerprint: licenseId }, ...device() };
    return { path: '/v1/licenses/swap', body, ...more };
  },
  acquireLease: async (subject, caller) => {
    const { naming, ...more } = await named(subject, caller, floating);
    return { path: '/v1/licenses/leases', body: { ...naming, leaseHolder: crypto.randomUUID() }, ...more };
  },
  renewLease: async (subject, caller) => {
    const { naming, leaseId, ...more } = await seated(subject, caller);
    return { path: `/v1/licenses/leases/${leaseId}/heartbeat`, body: naming, ...more };
  },
  releaseLease: async (subject, caller) => {
    const { leaseId, ...more } = await seated(subject, caller);
    return { path: `/v1/licenses/leases/${leaseId}${query(more)}`, ...more };
  },
  recordUsage: async (subject, caller) => {
    const { naming, ...more } = await named(subject, caller, floating);
    return { path: '/v1/licenses/usage', body: { ...naming, meter: 'api_calls', quantity: 1 }, ...more };
  },
  licenseFeatures: async (subject, caller) => {
    const license = await named(subject, caller);
    return { path: `/v1/licenses/features${query(license)}`, ...license };
  },

  issueLicense: () => ({ path: '/v1/licenses', body: { tier: 'PRO', products: ['local_cli'] } }),
  listLicenses: () => ({ path: '/v1/licenses' }),
  getLicense: read(''),
  listActivations: read('/activations'),
  licenseHistory: read('/history'),
  'suspendLicense: for PAYMENT': command('suspend', { reason }),
  'suspendLicense: for another reason': command('suspend', { reason: { code: 'FRAUD' } }),
  'reinstateLicense: from PAYMENT': command('reinstate', { reason }, 'PAYMENT'),
  'reinstateLicense: from another reason': command('reinstate', { reason }, 'FRAUD'),
  renewLicense: command('renew', { duration: 'P1Y', reason }),
  revokeLicense: command('revoke', { reason }),
};
