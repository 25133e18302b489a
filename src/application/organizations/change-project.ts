import { type Rejection, reject } from '../../domain/decider.ts';
import type { Organization, Project } from '../../domain/organization/organization.ts';
import { noLimits } from '../../domain/organization/organization-limits.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseValue, valueAt } from '../../records/vault.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type ChangedProject,
  limitsOf,
  metadataValue,
  type ProjectMetadata,
  type ProjectNeeds,
} from './project-command.ts';
import { type OrganizationRequest, partOf, sendToOrganization } from './send-to-organization.ts';

/** A change of a project. Undefined leaves a member as it is. `archived: false` restores the project. */
export type ProjectChange = {
  readonly name?: string | undefined;
  readonly metadata?: ProjectMetadata | undefined;
  readonly archived?: boolean | undefined;
};

/** Changes, archives or restores a project of the caller's organization. Carries out the whole change, or nothing. */
export const changeProject = async (
  needs: ProjectNeeds,
  request: OrganizationRequest,
  projectId: string,
  change: ProjectChange,
): Promise<ChangedProject | Refusal> => {
  const at = needs.now();
  const value = change.metadata === undefined ? null : metadataValue(request, projectId, change.metadata);
  const limits = change.archived === false ? await limitsOf(needs, request, at) : noLimits;
  // The metadata that the change replaces, as of the last time that the change was decided.
  let supersededRef: string | null = null;
  const sent = await sendToOrganization(needs, request, {
    at,
    commandsOn: (organization) => {
      const project = projectIn(organization, projectId);
      if (project === null) return noSuchProject;
      const { name = project.name, metadata, archived } = change;
      const metadataRef = metadata === undefined ? project.metadataRef : (value?.ref ?? null);
      supersededRef = project.metadataRef === metadataRef ? null : project.metadataRef;
      const isChanged = change.name !== undefined || metadata !== undefined;
      return [
        ...(archived === false ? [{ type: 'RestoreProject', data: { projectId, limits } } as const] : []),
        ...(isChanged ? [{ type: 'ChangeProject', data: { projectId, name, metadataRef } } as const] : []),
        ...(archived === true ? [{ type: 'ArchiveProject', data: { projectId } } as const] : []),
      ];
    },
    values: value === null ? [] : [value],
    view: ({ projects }) => partOf(projects, projectId),
  });
  if (isRefusal(sent)) return sent;
  if (supersededRef !== null) eraseLater(needs, request, supersededRef, sent.position);
  return { ...sent, projectId, metadata: await metadataOf(needs, request, sent.view) };
};

const noSuchProject: Rejection<'NOT_FOUND'> = reject('NOT_FOUND', 'This organization has no such project.');

const projectIn = (organization: Organization, projectId: string): Project | null =>
  organization.kind === 'missing' ? null : (organization.projects.get(projectId) ?? null);

/** Erases replaced metadata as soon as the read models no longer refer to it. */
const eraseLater = (
  { pool }: ProjectNeeds,
  { call, caller: { organizationId } }: OrganizationRequest,
  ref: string,
  position: bigint,
): void =>
  call.onceReadable(position, () =>
    asTenant(pool, organizationId, (db) => eraseValue(db, organizationId, ref), { readOnly: false }),
  );

const metadataOf = async (
  { pool }: ProjectNeeds,
  { caller }: OrganizationRequest,
  { metadataRef }: Project,
): Promise<object | null> => {
  if (metadataRef === null) return null;
  const value = await asTenant(pool, caller.organizationId, (db) => valueAt(db, metadataRef));
  return value === null ? null : JSON.parse(value);
};
