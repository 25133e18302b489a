import { reject } from '../decider.ts';
import { decodeId } from '../ids.ts';
import { isName, nameRule } from '../names.ts';
import type { CommandOf, OrganizationDecision } from './commands.ts';
import type { CreatedOrganization } from './organization.ts';
import { standingFor } from './organization-authority.ts';
import { fixedLimits, type OrganizationLimits } from './organization-limits.ts';

/** Creates a project while the limit of unarchived projects allows another one. */
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

/** Changes the name or the metadata of a project. Refuses to change an archived project. */
export const changeProject = (
  { data: { projectId, name, metadataRef }, by, at }: CommandOf<'ChangeProject'>,
  organization: CreatedOrganization,
): OrganizationDecision => {
  const standing = standingFor(organization, by, 'MANAGE_PROJECTS', at);
  if ('rejected' in standing) return standing;
  const project = organization.projects.get(projectId);
  if (project === undefined) return noProject();
  if (project.archivedAt !== null) return reject('ARCHIVED', 'This project is archived; restore it to change it.');
  const refusal = refuseContent(name, metadataRef);
  if (refusal !== null) return refusal;
  if (project.name === name && project.metadataRef === metadataRef) return [];
  return [{ type: 'ProjectChanged', data: { projectId, name, metadataRef } }];
};

/** Archives a project, which then no longer counts. Changes nothing when it is archived. */
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

/** Restores an archived project while the limit allows another one. Changes nothing when it is not archived. */
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
    : reject('INVALID_REQUEST', 'A project names its metadata by a reference, ref_…, never by the metadata itself.');
};

const refuseFull = ({ projects }: CreatedOrganization, limits: OrganizationLimits) => {
  const allowed = limits.projects ?? fixedLimits.projects;
  const used = [...projects.values()].filter(({ archivedAt }) => archivedAt === null).length;
  return used < allowed
    ? null
    : reject('PROJECT_LIMIT_EXCEEDED', `This organization may have ${allowed} projects in use. Archive one.`);
};

const noProject = () => reject('NOT_FOUND', 'This organization has no such project.');
