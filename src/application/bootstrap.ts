import type { Pool } from 'pg';
import { catalogAggregate, organizationAggregate } from '../aggregates/aggregates.ts';
import { builtInPolicyIds } from '../aggregates/derived-ids.ts';
import type { NewProduct } from '../domain/catalog/commands.ts';
import { encodeId } from '../domain/ids.ts';
import type { Scope } from '../domain/organization/events.ts';
import type { Instant } from '../domain/time.ts';
import type { Actor } from '../eventstore/envelope.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import { commandContext } from '../eventstore/executor/waiting.ts';
import { toDecide } from '../eventstore/folding.ts';
import { aggregateId } from '../eventstore/ids.ts';
import type { Secrets } from '../identity/secrets.ts';
import { withStoredApiKey } from './organizations/stored-api-key.ts';

type Needs = {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly now: () => Instant;
};

/** Where the read models must be for what was created to work. */
type Created = { readonly position: bigint };

/** Creates an organization. Its id follows from the command id (a UUID): a retry finds what the first try has done. */
export const createOrganization = async (
  { executor, now }: Needs,
  { commandId, name }: { readonly commandId: string; readonly name: string },
): Promise<Created & { readonly organizationId: string }> => {
  const organizationId = encodeId('org', aggregateId(commandId, 'organization'));
  const at = now();
  const created = await executor.execute(
    organizationAggregate,
    organizationId,
    toDecide(organizationAggregate, {
      type: 'CreateOrganization',
      at,
      by: system,
      data: { organizationId, name, founderId: null },
    }),
    contextOf(commandId, 'createOrganization', at),
    () => null,
  );
  if ('rejected' in created) throw new Error(`The organization was not created: ${created.detail}`);
  return { organizationId, position: created.position.commit };
};

/**
 * Opens an organization's catalog with the products and a policy of each tier over them; one that is open stays as it
 * is. Ids follow from the command id.
 */
export const openCatalog = async (
  { executor, now }: Needs,
  opening: {
    readonly commandId: string;
    readonly organizationId: string;
    readonly products: readonly Omit<NewProduct, 'productId'>[];
  },
): Promise<Created> => {
  const { commandId, organizationId: issuerOrgId } = opening;
  const products = opening.products.map((product) => ({
    ...product,
    productId: encodeId('prd', aggregateId(commandId, product.code)),
  }));
  const at = now();
  const opened = await executor.execute(
    catalogAggregate,
    issuerOrgId,
    toDecide(catalogAggregate, {
      type: 'OpenCatalog',
      at,
      data: { issuerOrgId, products, policyIds: builtInPolicyIds(issuerOrgId) },
    }),
    contextOf(commandId, 'openCatalog', at),
    () => null,
  );
  if ('rejected' in opened) throw new Error(`The catalog was not opened: ${opened.detail}`);
  return { position: opened.position.commit };
};

/**
 * Creates an API key for an organization. Its hash is stored before the event, so a key that the log knows always
 * works; a retry with the same command id gives the same key again. `apiKey` is not kept anywhere.
 */
export const createApiKey = async (
  { executor, pool, secrets, now }: Needs,
  key: {
    readonly commandId: string;
    readonly organizationId: string;
    readonly name: string;
    readonly scopes: readonly Scope[];
  },
): Promise<Created & { readonly apiKeyId: string; readonly apiKey: string }> => {
  const { commandId, organizationId, name, scopes } = key;
  const apiKeyId = encodeId('key', aggregateId(commandId, 'api key'));
  const place = { commandId, organizationId, apiKeyId };
  const at = now();
  const { made, apiKey } = await withStoredApiKey(pool, secrets, place, ({ hint }) =>
    executor.execute(
      organizationAggregate,
      organizationId,
      toDecide(organizationAggregate, {
        type: 'CreateApiKey',
        at,
        by: system,
        data: { apiKeyId, name, scopes, hint, expiresAt: null },
      }),
      contextOf(commandId, 'createApiKey', at),
      () => null,
    ),
  );
  if ('rejected' in made) throw new Error(`The API key was not created: ${made.detail}`);
  return { apiKeyId, apiKey, position: made.position.commit };
};

const system = { type: 'SYSTEM', id: 'bootstrap', onBehalfOf: null } as const satisfies Actor;

const contextOf = (commandId: string, operation: string, at: Instant) =>
  commandContext({ at, commandId, requestHash: operation, actor: system });
