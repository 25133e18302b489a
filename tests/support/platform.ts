import { randomUUID } from 'node:crypto';
import { bootstrapOrganization } from '../../src/application/bootstrap/bootstrap-organization.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { scopes } from '../../src/domain/organization/events.ts';
import { aggregateId } from '../../src/eventstore/uuids.ts';
import type { Ledger, TestOrganization } from './ledger.ts';

// The id of the platform is needed before the platform is there: it follows from the command that makes it.
const commandId = randomUUID();

/** For `startLedger`: licenses of the platform set what organizations may have. */
export const platformPolicy = {
  organizationId: encodeId('org', aggregateId(commandId, 'organization')),
  policyId: encodeId('pol', randomUUID()),
};

/** An organization that holds a license of the platform with these entitlements. */
export const createLimited = async (
  ledger: Ledger,
  entitlements: readonly object[],
): Promise<{ readonly organization: TestOrganization }> => {
  const { organizationId } = await bootstrapOrganization(ledger.needs, { commandId, name: 'Platform' });
  const platform = await ledger.createKey(organizationId, scopes);
  const organization = await ledger.createVendor('Limited');
  await ledger.issue({ holderOrganizationId: organization.organizationId, entitlements }, platform);
  return { organization };
};
