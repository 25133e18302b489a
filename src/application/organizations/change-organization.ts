import type { Refusal } from '../refusal.ts';
import { type OrganizationProfile, profileOf } from './create-organization.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
  type Unsent,
} from './send-to-organization.ts';

/** Changes the name or the time zone of the caller's organization. Absent members stay as they are. */
export const changeOrganization = (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  { name, timeZone }: { readonly name?: string | undefined; readonly timeZone?: string | undefined },
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const commands: readonly Unsent[] = [
    ...(name === undefined ? [] : [{ type: 'RenameOrganization', data: { name } } as const]),
    ...(timeZone === undefined ? [] : [{ type: 'ChangeOrganizationTimeZone', data: { timeZone } } as const]),
  ];
  return sendToOrganization(needs, request, { at: needs.now(), commandsOn: () => commands, view: profileOf });
};
