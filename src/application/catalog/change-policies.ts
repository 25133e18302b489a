import type { Catalog, OpenCatalog, Policy } from '../../domain/catalog/catalog.ts';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import { contentAfter, contentOfTier, type PolicyChange } from '../../domain/catalog/policy-changes.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Tier } from '../../domain/license/policy.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type CatalogChange,
  type CatalogCommandNeeds,
  type CatalogRequest,
  type ChangedCatalog,
  changeCatalog,
} from './change-catalog.ts';

/** A policy right after a change, in its latest version. */
export type ChangedPolicy = ChangedCatalog<{
  readonly version: PolicyVersion;
  readonly createdAt: Instant;
  readonly versionAt: Instant;
  readonly archivedAt: Instant | null;
}>;

/** A new policy. What is absent is as in the built-in policy of its tier. */
export type NewPolicy = PolicyChange & { readonly tier: Tier; readonly name: string };

/** Refuses a policy that the caller's catalog does not have. */
export const noSuchPolicy = reject('NOT_FOUND', 'There is no such policy.');

/** Adds a policy to the caller's catalog, as version 1. */
export const createPolicy = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policy: NewPolicy,
): Promise<ChangedPolicy | Refusal> => {
  const policyId = encodeId('pol', aggregateId(request.attempt.commandId, 'policy'));
  const content = contentOfTier(policy.tier, policy.name, policy);
  return changePolicies(needs, request, policyId, (catalog, at) =>
    catalog.kind === 'unopened' ? noProduct : { type: 'CreatePolicy', at, data: { policyId, content } },
  );
};

/** Makes the next version of a policy. Licenses keep the version they were issued under. */
export const changePolicy = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policyId: string,
  change: PolicyChange,
): Promise<ChangedPolicy | Refusal> =>
  changePolicies(needs, request, policyId, (catalog, at) => {
    const last = policyIn(catalog, policyId)?.versions.at(-1);
    if (last === undefined) return noSuchPolicy;
    return { type: 'AddPolicyVersion', at, data: { policyId, content: contentAfter(last, change) } };
  });

/** Archives a policy: nothing new is issued under it, and licenses keep it. */
export const archivePolicy = (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policyId: string,
): Promise<ChangedPolicy | Refusal> =>
  changePolicies(needs, request, policyId, (catalog, at) =>
    policyIn(catalog, policyId) === undefined ? noSuchPolicy : { type: 'ArchivePolicy', at, data: { policyId } },
  );

const changePolicies = async (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policyId: string,
  commandOn: CatalogChange<unknown>['commandOn'],
): Promise<ChangedPolicy | Refusal> => {
  const changed = await changeCatalog(needs, request, { commandOn, view: (catalog) => viewOf(catalog, policyId) });
  return isRefusal(changed) ? withoutRules(changed) : changed;
};

// The input has the rules of a policy besides its name, and no `rules` around them.
const withoutRules = (refusal: Refusal): Refusal => {
  const [first, ...rest] = refusal.place ?? [];
  return first === 'rules' && rest.length > 0 ? { ...refusal, place: rest } : refusal;
};

const noProduct = reject(
  'INVALID_REQUEST',
  'There is no product yet: add one first, by POST /v1/products.',
  'products',
);

const policyIn = (catalog: Catalog, policyId: string): Policy | undefined =>
  catalog.kind === 'open' ? catalog.policies.get(policyId) : undefined;

const viewOf = ({ policies }: OpenCatalog, policyId: string) => {
  const { versions = [], versionsAt = [], archivedAt = null } = policies.get(policyId) ?? {};
  const [version, versionAt, createdAt] = [versions.at(-1), versionsAt.at(-1), versionsAt[0]];
  if (version === undefined || versionAt === undefined || createdAt === undefined)
    throw new Error(`A command was accepted on ${policyId}, which is not in the catalog.`);
  return { version, createdAt, versionAt, archivedAt };
};
