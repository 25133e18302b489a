import { appendOrganization } from '../organizations/create-organization.ts';
import { isRefusal } from '../refusal.ts';
import { type BootstrapNeeds, bootstrapContext } from './bootstrap-context.ts';

/**
 * Creates an organization without a user. Its id follows from the command id (a UUID), so a retry finds the organization
 * of the first attempt. The read models know the organization from `position` on.
 */
export const bootstrapOrganization = async (
  { executor, now }: BootstrapNeeds,
  { commandId, name }: { readonly commandId: string; readonly name: string },
): Promise<{ readonly organizationId: string; readonly position: bigint }> => {
  const context = bootstrapContext(commandId, 'createOrganization', now());
  const created = await appendOrganization(executor, { name, founderId: null }, context);
  if (isRefusal(created)) throw new Error(`The organization was not created: ${created.detail}`);
  return { organizationId: created.view.organizationId, position: created.position };
};
