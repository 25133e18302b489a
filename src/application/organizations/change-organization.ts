import type { LogAccess } from '../../domain/organization/events.ts';
import type { Refusal } from '../refusal.ts';
import { type OrganizationProfile, profileOf } from './create-organization.ts';
import {
  type ChangedOrganization,
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
  type Unsent,
} from './send-to-organization.ts';

/** What a request changes. Absent members stay as they are. */
export type OrganizationChange = {
  readonly [Member in 'name' | 'timeZone']?: string | undefined;
} & { readonly [Member in keyof LogAccess]?: boolean | undefined };

/** Changes the name, the time zone or the access to the log of the caller's organization. */
export const changeOrganization = (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  { name, timeZone, logIsPublic, holdersGetProofs }: OrganizationChange,
): Promise<ChangedOrganization<OrganizationProfile> | Refusal> => {
  const access = {
    ...(logIsPublic === undefined ? {} : { logIsPublic }),
    ...(holdersGetProofs === undefined ? {} : { holdersGetProofs }),
  };
  const commands: readonly Unsent[] = [
    ...(name === undefined ? [] : [{ type: 'RenameOrganization', data: { name } } as const]),
    ...(timeZone === undefined ? [] : [{ type: 'ChangeOrganizationTimeZone', data: { timeZone } } as const]),
    ...(Object.keys(access).length === 0 ? [] : [{ type: 'ChangeLogAccess', data: access } as const]),
  ];
  return sendToOrganization(needs, request, { at: needs.now(), commandsOn: () => commands, view: profileOf });
};
