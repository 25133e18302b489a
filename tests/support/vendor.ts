import { randomUUID } from 'node:crypto';
import { bootstrapApiKey } from '../../src/application/bootstrap/bootstrap-api-key.ts';
import { bootstrapOrganization } from '../../src/application/bootstrap/bootstrap-organization.ts';
import { scopes } from '../../src/domain/organization/events.ts';
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { createPool } from '../../src/projections/connect.ts';
import { condition } from './product.ts';
import { quiet } from './read-models.ts';

type Servers = { readonly databaseUrl: string; readonly eventStoreUrl: string; readonly secret: string };

/** As `createVendorWithId`; returns the API key alone. */
export const createVendor = async (servers: Servers): Promise<string> => (await createVendorWithId(servers)).apiKey;

/**
 * An organization on given servers, in the command line's own way: there is no route yet that makes one. Returns its id and
 * an API key with all scopes when they are projected, for which a projector must run.
 */
export const createVendorWithId = async ({ databaseUrl, eventStoreUrl, secret }: Servers) => {
  const pool = createPool({ url: databaseUrl, role: 'ledger_api', max: 1, log: quiet });
  const store = connectEventStore({ url: eventStoreUrl });
  const needs = {
    executor: createExecutor({ store }),
    ...{ pool, secrets: parseSecrets(secret), now: () => new Date().toISOString() },
  };
  const { organizationId } = await bootstrapOrganization(needs, { commandId: randomUUID(), name: 'Vendor' });
  const key = { commandId: randomUUID(), organizationId, name: 'test', scopes };
  const created = await bootstrapApiKey(needs, key);
  await condition('the key is projected', async () => {
    const { rows } = await pool.query<{ position: string }>('select commit_position as position from ops.checkpoints');
    return BigInt(rows[0]?.position ?? -1) >= created.position;
  });
  await store.close();
  await pool.end();
  return { organizationId, apiKey: created.apiKey };
};
