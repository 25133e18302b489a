import type { Route } from '../route.ts';
import { changeApiKey, createApiKeyRoute, getApiKey, listApiKeysRoute, revokeApiKey } from './api-keys.ts';
import { inviteMember, withdrawInvitation } from './invitations.ts';
import { changeMember, listMembersRoute, removeMember } from './members.ts';
import type { OrganizationNeeds } from './needs.ts';
import { createOrganizationRoute, listOrganizations } from './organizations.ts';
import { changeOrganization, closeOrganization, getOrganization } from './profile.ts';
import { archiveProject, changeProject, createProject, getProject, listProjectsRoute } from './projects.ts';

/** What an organization is: its profile, its members, its API keys, its projects. */
export const organizationRoutes = (needs: OrganizationNeeds): readonly Route[] => [
  ...[listOrganizations(needs), createOrganizationRoute(needs)],
  ...[getOrganization(needs), changeOrganization(needs), closeOrganization(needs)],
  ...[
    listMembersRoute(needs),
    inviteMember(needs),
    changeMember(needs),
    removeMember(needs),
    withdrawInvitation(needs),
  ],
  ...[listApiKeysRoute(needs), createApiKeyRoute(needs), getApiKey(needs), changeApiKey(needs), revokeApiKey(needs)],
  ...[listProjectsRoute(needs), createProject(needs), getProject(needs), changeProject(needs), archiveProject(needs)],
];
