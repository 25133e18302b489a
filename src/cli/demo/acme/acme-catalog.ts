import { addPolicyVersion } from '../../../application/catalog/add-policy-version.ts';
import { publishRelease } from '../../../application/catalog/change-release.ts';
import { createPolicy, type NewPolicy } from '../../../application/catalog/create-policy.ts';
import { createProduct } from '../../../application/catalog/create-product.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import type { Refusal } from '../../../application/refusal.ts';
import type { PolicyChange } from '../../../domain/catalog/policy-changes.ts';
import type { SimulatedRequest, Simulation } from './simulation.ts';

/** A change of the catalog of the demo on one of its days. */
export type CatalogStep = {
  readonly day: number;
  readonly name: string;
  readonly send: (needs: KeyNeeds, request: SimulatedRequest, simulation: Simulation) => Promise<object | Refusal>;
};

const product = (day: number, code: string, name: string, description: string): CatalogStep => ({
  day,
  name: `product ${code}`,
  send: (needs, request) => createProduct(needs, request, { code, name, description }),
});

const policy = (day: number, name: string, content: NewPolicy): CatalogStep => ({
  day,
  name: `policy ${name}`,
  send: (needs, request) => createPolicy(needs, request, content),
});

const version = (day: number, name: string, change: PolicyChange): CatalogStep => ({
  day,
  name: `policy ${name} ${day}`,
  send: (needs, request, { policyId }) => addPolicyVersion(needs, request, policyId(name), change),
});

const release = (day: number, code: string, number: string, channel = 'stable'): CatalogStep => ({
  day,
  name: `release ${code} ${number}`,
  send: (needs, request) =>
    publishRelease(needs, request, { product: code, version: number, releasedAt: null, channel }),
});

const feature = (code: string, value: string | null = null) => ({ code, value, limit: null, until: null });

/** The products, releases and policies of Acme Tools, and how they changed in two years. */
export const acmeCatalog: readonly CatalogStep[] = [
  product(0, 'draft', 'Acme Draft', 'Technical drawing for the desktop.'),
  product(1, 'render', 'Acme Render', 'Renders drawings on your own machines.'),
  product(2, 'review', 'Acme Review', 'Comments on drawings in the browser.'),
  policy(3, 'draft', {
    tier: 'PRO',
    name: 'Draft Professional',
    products: ['draft'],
    term: { basis: 'ISSUE', duration: 'P1Y' },
    limits: { activations: 3 },
    entitlements: [feature('export_pdf'), feature('layers', '50')],
  }),
  policy(3, 'render', {
    tier: 'PRO',
    name: 'Render Farm',
    products: ['draft', 'render'],
    term: { basis: 'ISSUE', duration: 'P1Y' },
    limits: {
      activations: 6,
      meters: { render_minutes: 5_000 },
      meterRules: { render_minutes: { resets: 'P1M', overage: { kind: 'ALWAYS' } } },
    },
    entitlements: [feature('export_pdf'), feature('gpu')],
  }),
  policy(4, 'team', {
    tier: 'ENTERPRISE',
    name: 'Team',
    products: ['draft', 'render', 'review'],
    term: { basis: 'ISSUE', duration: 'P1Y' },
    expiryGraceSeconds: 14 * 86_400,
    limits: { activations: 40, seats: 12, users: 25, meters: { reviews: 'unlimited' } },
    userRequired: false,
    lease: { scope: 'USER', ttlSeconds: 900, borrowMaxSeconds: 60 * 86_400 },
    entitlements: [feature('export_pdf'), feature('single_sign_on'), feature('layers', 'unlimited')],
  }),
  policy(5, 'trial', {
    tier: 'TRIAL',
    name: 'Draft Trial',
    products: ['draft'],
    term: { basis: 'ISSUE', duration: 'P30D' },
    trialEnd: 'EXPIRE',
    limits: { activations: 1 },
    entitlements: [feature('layers', '10')],
  }),
  release(6, 'draft', '1.0.0'),
  release(20, 'render', '1.0.0'),
  release(48, 'review', '1.0.0'),
  release(95, 'draft', '1.1.0'),
  release(140, 'draft', '1.2.0-beta.1', 'beta'),
  release(170, 'draft', '1.2.0'),
  version(182, 'draft', { limits: { activations: 4 } }),
  release(260, 'render', '1.1.0'),
  release(330, 'draft', '2.0.0'),
  version(340, 'draft', {
    entitlements: [feature('export_pdf'), feature('layers', '200'), feature('cloud_backup')],
    expiryGraceSeconds: 7 * 86_400,
  }),
  version(365, 'render', {
    limits: {
      meters: { render_minutes: 8_000 },
      meterRules: { render_minutes: { resets: 'P1M', overage: { kind: 'ALWAYS' } } },
    },
  }),
  release(420, 'review', '1.4.0'),
  release(505, 'draft', '2.1.0'),
  version(520, 'team', { limits: { seats: 15, users: 40 } }),
  release(610, 'render', '2.0.0'),
  release(688, 'draft', '2.2.0'),
];
