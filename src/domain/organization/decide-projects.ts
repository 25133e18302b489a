import { reject } from '../decider.ts';
import { decodeId } from '../ids.ts';
import { isName, nameRule } from '../names.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { CreatedOrganization } from './organization.ts';
import { standingFor } from './organization-authority.ts';
import { most, type OrganizationLimits } from './organization-limits.ts';

/** Opens a project while the limit of unarchived ones has room. */
export const createProject = (
  { data: { projectId, name, metadataRef, limits }, by, at }: CommandOf<'CreateProject'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_PROJECTS', at);
  if ('rejected' in standing) return standing;
  if (organization.projects.has(projectId)) return [];
  return (
    refuseContent(name, metadataRef) ??
    refuseFull(organization, limits) ?? [{ type: 'ProjectCreated', data: { projectId, name, metadataRef } }]
  );
};

/** Gives a project another name or other metadata; an archived one is restored first. */
export const changeProject = (
  { data: { projectId, name, metadataRef }, by, at }: CommandOf<'ChangeProject'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_PROJECTS', at);
  if ('rejected' in standing) return standing;
  const project = organization.projects.get(projectId);
  if (project === undefined) return noProject();
  if (project.archivedAt !== null) return reject('ARCHIVED', 'This project is archived; restore it to change it.');
  const wrong = refuseContent(name, metadataRef);
  if (wrong !== null) return wrong;
  if (project.name === name && project.metadataRef === metadataRef) return [];
  return [{ type: 'ProjectChanged', data: { projectId, name, metadataRef } }];
};

/** Puts a project away; it counts no more. Again changes nothing. */
export const archiveProject = (
  { data: { projectId }, by, at }: CommandOf<'ArchiveProject'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_PROJECTS', at);
  if ('rejected' in standing) return standing;
  const project = organization.projects.get(projectId);
  if (project === undefined) return noProject();
  return project.archivedAt !== null ? [] : [{ type: 'ProjectArchived', data: { projectId } }];
};

/** Takes a project out of the archive, while the limit has room. Again changes nothing. */
export const restoreProject = (
  { data: { projectId, limits }, by, at }: CommandOf<'RestoreProject'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_PROJECTS', at);
  if ('rejected' in standing) return standing;
  const project = organization.projects.get(projectId);
  if (project === undefined) return noProject();
  if (project.archivedAt === null) return [];
  return refuseFull(organization, limits) ?? [{ type: 'ProjectRestored', data: { projectId } }];
};

const refuseContent = (name: string, metadataRef: string | null) => {
  if (!isName(name)) return reject('INVALID_REQUEST', nameRule('a project'));
  return metadataRef === null || decodeId('ref', metadataRef) !== null
    ? null
    : reject('INVALID_REQUEST', 'The metadata of a project is named by a reference, ref_…, never given itself.');
};

const refuseFull = ({ projects }: CreatedOrganization, limits: OrganizationLimits) => {
  const allowed = limits.projects ?? most.projects;
  const used = [...projects.values()].filter(({ archivedAt }) => archivedAt === null).length;
  return used < allowed
    ? null
    : reject('PROJECT_LIMIT_EXCEEDED', `This organization may have ${allowed} projects in use. Archive one.`);
};

const noProject = () => reject('NOT_FOUND', 'This organization has no such project.');
