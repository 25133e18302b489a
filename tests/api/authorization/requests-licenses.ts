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

const later = '2099-01-01T00:00:00Z';

/** Withdraws a change that a command of its own has announced. */
const cancelled =
  (verb: string, body: object): MakeRequest =>
  async ({ license, prepare }) => {
    const { licenseId } = await license();
    const { license: announced } = await prepare('POST', `/v1/licenses/${licenseId}/${verb}`, body);
    const [change] = Object.values(announced?.scheduled ?? {});
    return { path: `/v1/licenses/${licenseId}/cancel-scheduled`, body: { eventId: String(change?.eventId) } };
  };

const read =
  (what: string): MakeRequest =>
  async ({ license }) => ({ path: `/v1/licenses/${(await license()).licenseId}${what}` });

/** Names a license by its key for a caller with the key, else by its id. */
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

/** A license with a taken seat. */
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
  searchLicenses: () => ({ path: '/v1/licenses/search', body: { text: 'SYQV9' } }),
  getLicense: read(''),
  listActivations: read('/activations'),
  listLeases: read('/leases'),
  licenseHistory: read('/history'),
  explainLicense: read('/explain'),
  explainValidation: async ({ license }) => ({
    path: '/v1/licenses/explain-validation',
    body: { licenseId: (await license()).licenseId, product: 'local_cli' },
  }),
  licenseValidations: read('/validations'),
  listHolders: () => ({ path: '/v1/holders?ids=org_01h455vb4pex5vsknk084sn02q' }),
  organizationValidations: () => ({ path: '/v1/validations' }),
  listDenials: read('/denials'),
  readUsage: read('/usage'),
  resetUsage: async ({ license }) => ({
    path: `/v1/licenses/${(await license(floating)).licenseId}/usage/reset`,
    body: { meter: 'api_calls', reason },
  }),
  searchActivations: () => ({ path: '/v1/activations' }),
  'suspendLicense: for PAYMENT': command('suspend', { reason }),
  'suspendLicense: for CUSTOMER_REQUEST': command('suspend', { reason: { code: 'CUSTOMER_REQUEST' } }),
  'suspendLicense: for another reason': command('suspend', { reason: { code: 'FRAUD' } }),
  'reinstateLicense: from PAYMENT': command('reinstate', { reason }, 'PAYMENT'),
  'reinstateLicense: from CUSTOMER_REQUEST': command('reinstate', { reason }, 'CUSTOMER_REQUEST'),
  'reinstateLicense: from another reason': command('reinstate', { reason }, 'FRAUD'),
  renewLicense: command('renew', { duration: 'P1Y', reason }),
  revokeLicense: command('revoke', { reason }),
  importLicense: () => ({
    path: '/v1/licenses/import',
    body: {
      source: 'old_shop',
      sourceRef: crypto.randomUUID(),
      historyFrom: '2024-01-01T00:00:00Z',
      tier: 'PRO',
      products: ['local_cli'],
    },
  }),
  changeLicense: async ({ license }) => ({
    path: `/v1/licenses/${(await license()).licenseId}`,
    body: { externalRef: 'sub_456', metadata: { note: 'x' } },
  }),
  changeLicenseExpiry: command('expiry', { to: later, reason }),
  changeLicenseMaintenance: command('maintenance', { to: later, reason }),
  setLicenseRenewal: command('renewal', { to: 'auto' }),
  'cancelScheduledChange: suspension for PAYMENT': cancelled('suspend', { reason, effectiveAt: later }),
  'cancelScheduledChange: suspension for CUSTOMER_REQUEST': cancelled('suspend', {
    reason: { code: 'CUSTOMER_REQUEST' },
    effectiveAt: later,
  }),
  'cancelScheduledChange: suspension for another reason': cancelled('suspend', {
    reason: { code: 'FRAUD' },
    effectiveAt: later,
  }),
  'cancelScheduledChange: of the tier': cancelled('tier', { tier: 'FREE', effectiveAt: later }),
  'cancelScheduledChange: of the renewal': cancelled('renewal', { to: 'auto', effectiveAt: later }),
  changeLicenseTier: command('tier', { tier: 'ENTERPRISE' }),
  changeLicensePolicy: async ({ license, prepare }) => {
    const { licenseId } = await license();
    const { policy } = await prepare('GET', `/v1/licenses/${licenseId}`);
    return { path: `/v1/licenses/${licenseId}/policy`, body: { policyId: String(policy?.id), limits: { seats: 3 } } };
  },
  convertTrial: async ({ license }) => {
    const { licenseId } = await license({ tier: 'TRIAL', products: [`app_${crypto.randomUUID().slice(0, 8)}`] });
    return { path: `/v1/licenses/${licenseId}/convert`, body: { tier: 'PRO' } };
  },
  changeLicenseLimits: command('limits', { limits: { activations: 9 } }),
  changeLicenseProducts: command('products', { add: ['workflow_app'] }),
  changeLicenseEntitlements: command('entitlements', { grant: { code: 'export' } }),
  transferLicense: async ({ license, side, organization, ledger: { a, b, consent } }) => {
    const holder = side === 'own' ? b : a;
    if (side === 'own') await consent(holder.organizationId, organization);
    const { licenseId } = await license();
    const body = { toHolderOrganizationId: holder.organizationId, accepted: true };
    return { path: `/v1/licenses/${licenseId}/transfer`, body };
  },
  rotateLicenseKey: command('rotate-key', {}),
  endKeyOverlap: command('end-key-overlap', {}),
  releaseActivation: async ({ license, prepare }) => {
    const { licenseId, licenseKey } = await license();
    const { activation } = await prepare('POST', '/v1/licenses/activate', { licenseKey, fingerprint: 'device' });
    return { path: `/v1/licenses/${licenseId}/activations/${activation?.id}`, body: { reason } };
  },
  changeActivation: async ({ license, prepare }) => {
    const { licenseId, licenseKey } = await license();
    const { activation } = await prepare('POST', '/v1/licenses/activate', { licenseKey, fingerprint: 'device' });
    const metadata = { note: crypto.randomUUID() };
    return { path: `/v1/licenses/${licenseId}/activations/${activation?.id}`, body: { metadata } };
  },
  releaseLicenseLease: async (subject, caller) => {
    const { licenseId, leaseId } = await seated(subject, caller);
    return { path: `/v1/licenses/${licenseId}/leases/${leaseId}`, body: { reason } };
  },
  listLicenseUsers: read('/users'),
  assignLicenseUser: async ({ license }) => ({
    path: `/v1/licenses/${(await license({ limits: { users: 1 } })).licenseId}/users`,
    body: { user: 'ada@example.com' },
  }),
  unassignLicenseUser: read('/users/ref_01h455vb4pex5vsknk084sn02q'),
  unassignLicenseUserByName: async ({ license }) => ({
    path: `/v1/licenses/${(await license()).licenseId}/users`,
    body: { user: 'ada@example.com' },
  }),
};
