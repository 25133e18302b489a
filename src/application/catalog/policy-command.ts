import type { Catalog, OpenCatalog, Policy } from '../../domain/catalog/catalog.ts';
import type { PolicyVersion } from '../../domain/catalog/events.ts';
import { reject } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
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

/** The refusal of a policy that the caller's catalog does not have. */
export const noSuchPolicy = reject('NOT_FOUND', 'There is no such policy.');

/** Sends a command about a policy to the caller's catalog and returns the policy after it. */
export const sendPolicyCommand = async (
  needs: CatalogCommandNeeds,
  request: CatalogRequest,
  policyId: string,
  commandOn: CatalogChange<unknown>['commandOn'],
): Promise<ChangedPolicy | Refusal> => {
  const changed = await changeCatalog(needs, request, { commandOn, view: (catalog) => viewOf(catalog, policyId) });
  return isRefusal(changed) ? withoutRules(changed) : changed;
};

/** Returns the policy of a catalog, or undefined when the catalog does not have it. */
export const policyIn = (catalog: Catalog, policyId: string): Policy | undefined =>
  catalog.kind === 'open' ? catalog.policies.get(policyId) : undefined;

// The input has the rules next to the name of a policy. The domain has them in a member `rules`.
const withoutRules = (refusal: Refusal): Refusal => {
  const [first, ...rest] = refusal.place ?? [];
  return first === 'rules' && rest.length > 0 ? { ...refusal, place: rest } : refusal;
};

const viewOf = ({ policies }: OpenCatalog, policyId: string) => {
  const { versions = [], versionsAt = [], archivedAt = null } = policies.get(policyId) ?? {};
  const [version, versionAt, createdAt] = [versions.at(-1), versionsAt.at(-1), versionsAt[0]];
  if (version === undefined || versionAt === undefined || createdAt === undefined)
    throw new Error(`A command was accepted on ${policyId}, which is not in the catalog.`);
  return { version, createdAt, versionAt, archivedAt };
};
