import { expect } from 'vitest';
import type { Ledger } from '../support/ledger.ts';
import { createConsoleUser } from './in-browser.ts';

/** The addresses of all screens of an organization, each with something to show. */
export type SampleScreens = {
  readonly license: string;
  readonly trial: string;
  readonly suspended: string;
  readonly product: string;
  readonly policy: string;
  readonly all: readonly string[];
};

/**
 * Fills the first organization of a ledger: a product with a release, a policy, a license with everything in use, a trial, a
 * suspended license, a customer, an offer that waits, a member, and an API key
 * for the catalog.
 */
export const createSample = async (ledger: Ledger): Promise<SampleScreens> => {
  const { organizationId } = ledger.a;
  const create = async (path: string, body: object, key = ledger.a.apiKey) => {
    const created = await ledger.call('POST', path, { key, body });
    expect([path, created.text, created.status < 300]).toEqual([path, created.text, true]);
    return created.body;
  };
  const product = await create('/v1/products', { code: 'draw', name: 'Draw' });
  await create('/v1/products/draw/releases', { version: '1.0.0', releasedAt: '2026-05-01T12:00:00.000Z' });
  const policy = await create('/v1/policies', { name: 'Team', tier: 'PRO', products: ['draw'] });
  const limits = { activations: 2, seats: 2, users: 2, meters: { exports: { limit: 100, resets: 'P1M' } } };
  const holderOrganizationId = ledger.b.organizationId;
  const { licenseId, licenseKey } = await ledger.issue({
    ...{ limits, products: ['draw'], term: { duration: 'P1Y' }, externalRef: 'order 4711' },
  });
  const usable = { licenseKey, product: 'draw' };
  await create('/v1/licenses/activate', { ...usable, fingerprint: 'device 00000', name: 'Laptop' });
  await create('/v1/licenses/leases', { ...usable, leaseHolder: 'render-1' });
  await create(`/v1/licenses/${licenseId}/users`, { user: 'ada@customer.example' });
  await create('/v1/licenses/usage', { licenseKey, meter: 'exports', quantity: 42 });
  await ledger.issue({ products: ['draw'], holderOrganizationId });
  const trial = await ledger.issue({ tier: 'TRIAL', products: ['draw'], term: { duration: 'P14D' } });
  const suspended = await ledger.issue({ products: ['draw'] });
  await create(`/v1/licenses/${suspended.licenseId}/suspend`, { reason: { code: 'LEGAL' } });
  const stranger = await ledger.createVendor('Stranger Tools');
  const offer = { tier: 'PRO', products: ['local_cli'], holderOrganizationId: organizationId };
  await create('/v1/licenses', offer, stranger.apiKey);
  await create('/v1/api-keys', { name: 'Build server', scopes: ['catalog:write'] });
  await createConsoleUser(ledger, [{ organizationId, role: 'MEMBER' }]);
  const screens = {
    license: `licenses/${licenseId}`,
    trial: `licenses/${trial.licenseId}`,
    suspended: `licenses/${suspended.licenseId}`,
    product: `catalog/products/${product.id}`,
    policy: `catalog/policies/${policy.id}`,
  };
  const others = ['licenses', 'licenses/new', `why?license=${licenseId}`, 'first-steps', 'catalog', 'customers'];
  const more = [
    `customers/${holderOrganizationId}`,
    `${screens.policy}/change`,
    'catalog/policies/new',
    'activity',
    'proof',
    'people',
  ];
  return { ...screens, all: [...Object.values(screens), ...others, ...more] };
};
