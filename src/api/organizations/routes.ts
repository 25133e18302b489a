import type { Route } from '../route.ts';
import { endApiKeyOverlapRoute, rotateApiKeyRoute } from './api-key-rotation.ts';
import { changeApiKeyRoute, createApiKeyRoute, getApiKey, listApiKeysRoute, revokeApiKeyRoute } from './api-keys.ts';
import { createInvitationTokenRoute, inviteMemberRoute, withdrawInvitationRoute } from './invitations.ts';
import { changeMemberRoute, getMember, listMembersRoute, removeMemberRoute } from './members.ts';
import type { OrganizationNeeds } from './organization-needs.ts';
import { createOrganizationRoute, listOrganizations } from './organizations.ts';
import { changeOrganizationRoute, closeOrganizationRoute, getOrganization } from './profile.ts';
import {
  archiveProjectRoute,
  changeProjectRoute,
  createProjectRoute,
  getProject,
  listProjectsRoute,
} from './projects.ts';

/** The operations on organizations, their members, API keys and projects. */
export const organizationRoutes = (needs: OrganizationNeeds): readonly Route[] => [
  listOrganizations(needs),
  createOrganizationRoute(needs),
  getOrganization(needs),
  changeOrganizationRoute(needs),
  closeOrganizationRoute(needs),
  listMembersRoute(needs),
  inviteMemberRoute(needs),
  getMember(needs),
  changeMemberRoute(needs),
  removeMemberRoute(needs),
  createInvitationTokenRoute(needs),
  withdrawInvitationRoute(needs),
  listApiKeysRoute(needs),
  createApiKeyRoute(needs),
  getApiKey(needs),
  changeApiKeyRoute(needs),
  rotateApiKeyRoute(needs),
  endApiKeyOverlapRoute(needs),
  revokeApiKeyRoute(needs),
  listProjectsRoute(needs),
  createProjectRoute(needs),
  getProject(needs),
  changeProjectRoute(needs),
  archiveProjectRoute(needs),
];
