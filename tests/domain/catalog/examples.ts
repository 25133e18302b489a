import type {
  CatalogCommand,
  NewProduct,
  PolicyContent,
  ReleaseContent,
} from '../../../src/domain/catalog/commands.ts';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import type { CatalogEvent, PolicyVersion } from '../../../src/domain/catalog/events.ts';
import { type Stamped, stamp } from '../../../src/domain/decider.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { scenarios } from '../../support/scenario.ts';

// The example catalog: org_1 sells local_cli and cloud_ide, and has the policy pol_1 for both.

export const given = scenarios(catalogDecider);

export const noon = '2026-01-01T12:00:00.000Z';
export const on = (event: CatalogEvent): Stamped<CatalogEvent> => stamp(event, noon);

export const cli: NewProduct = { productId: 'prd_1', code: 'local_cli', name: 'Local CLI', description: null };
export const ide: NewProduct = {
  productId: 'prd_2',
  code: 'cloud_ide',
  name: 'Cloud IDE',
  description: 'In a browser',
};

const { policyId: _id, version: _version, ...rules } = builtInPolicy('PRO', 'pol_1');
export const content: PolicyContent = {
  name: 'PRO',
  rules,
  products: ['local_cli', 'cloud_ide'],
  term: { basis: 'ISSUE', duration: 'P1Y' },
  limits: { activations: 5, seats: 0, users: 0, meters: {} },
  entitlements: [{ code: 'export', value: null, limit: 100, until: null, source: 'tier' }],
};
export const version = (number: number, changed: Partial<PolicyContent> = {}, policyId = 'pol_1'): PolicyVersion => {
  const { rules: changedRules, ...rest } = { ...content, ...changed };
  return { ...rest, policy: { ...changedRules, policyId, version: number } };
};

export const openedEvent: CatalogEvent = { type: 'CatalogOpened', data: { issuerOrgId: 'org_1' } };
export const productEvent = (product: NewProduct): CatalogEvent => ({ type: 'ProductCreated', data: product });
export const productArchivedEvent = (productId: string): CatalogEvent => ({
  type: 'ProductArchived',
  data: { productId },
});
export const policyEvent = (data: PolicyVersion = version(1)): CatalogEvent => ({ type: 'PolicyCreated', data });
export const versionEvent = (data: PolicyVersion): CatalogEvent => ({ type: 'PolicyVersionAdded', data });
export const policyArchivedEvent: CatalogEvent = { type: 'PolicyArchived', data: { policyId: 'pol_1' } };

export const catalog = [openedEvent, productEvent(cli), productEvent(ide)].map(on);
export const withPolicy = [...catalog, on(policyEvent())];

export const policyIds = { FREE: 'pol_f', TRIAL: 'pol_t', PRO: 'pol_p', ENTERPRISE: 'pol_e' };
export const open = (...products: readonly NewProduct[]): CatalogCommand => ({
  type: 'OpenCatalog',
  at: noon,
  data: { issuerOrgId: 'org_1', products, policyIds },
});
export const createProduct = (changed: Partial<NewProduct> = {}): CatalogCommand => ({
  type: 'CreateProduct',
  at: noon,
  data: { productId: 'prd_3', code: 'workflow_app', name: 'Workflow', description: null, ...changed },
});
export const changeProduct = (changed: Partial<NewProduct> = {}): CatalogCommand => {
  const { productId, name, description } = { ...cli, ...changed };
  return { type: 'ChangeProduct', at: noon, data: { productId, name, description } };
};
export const archiveProduct = (productId = 'prd_1'): CatalogCommand => ({
  type: 'ArchiveProduct',
  at: noon,
  data: { productId },
});
export const createPolicy = (changed: Partial<PolicyContent> = {}, policyId = 'pol_1'): CatalogCommand => ({
  type: 'CreatePolicy',
  at: noon,
  data: { policyId, content: { ...content, ...changed } },
});
export const addVersion = (changed: Partial<PolicyContent> = {}, policyId = 'pol_1'): CatalogCommand => ({
  type: 'AddPolicyVersion',
  at: noon,
  data: { policyId, content: { ...content, ...changed } },
});
export const archivePolicy = (policyId = 'pol_1'): CatalogCommand => ({
  type: 'ArchivePolicy',
  at: noon,
  data: { policyId },
});

export const publish = (changed: Partial<ReleaseContent> = {}): CatalogCommand => ({
  type: 'PublishRelease',
  at: noon,
  data: {
    product: 'local_cli',
    version: '2.1.0',
    releasedAt: '2025-12-01T00:00:00.000Z',
    channel: 'stable',
    ...changed,
  },
});
export const withdraw = (version = '2.1.0', product = 'local_cli'): CatalogCommand => ({
  type: 'WithdrawRelease',
  at: noon,
  data: { product, version },
});
export const publishedEvent = (version = '2.1.0', changed: Partial<ReleaseContent> = {}): CatalogEvent => ({
  type: 'ReleasePublished',
  data: {
    product: 'local_cli',
    version,
    channel: 'stable',
    ...changed,
    releasedAt: changed.releasedAt ?? '2025-12-01T00:00:00.000Z',
  },
});
export const withdrawnEvent = (version = '2.1.0'): CatalogEvent => ({
  type: 'ReleaseWithdrawn',
  data: { product: 'local_cli', version },
});
