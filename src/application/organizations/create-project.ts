import { encodeId } from '../../domain/ids.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type ChangedProject,
  limitsOf,
  metadataValue,
  type ProjectMetadata,
  type ProjectNeeds,
} from './project-command.ts';
import { type OrganizationRequest, partOf, sendToOrganization } from './send-to-organization.ts';

/** A new project. */
export type NewProject = { readonly name: string; readonly metadata?: ProjectMetadata | undefined };

/** Creates a project of the caller's organization. */
export const createProject = async (
  needs: ProjectNeeds,
  request: OrganizationRequest,
  { name, metadata = {} }: NewProject,
): Promise<ChangedProject | Refusal> => {
  const at = needs.now();
  const projectId = encodeId('prj', aggregateId(request.attempt.commandId, 'project'));
  const value = metadataValue(request, projectId, metadata);
  const limits = await limitsOf(needs, request, at);
  const sent = await sendToOrganization(needs, request, {
    at,
    commandsOn: () => [{ type: 'CreateProject', data: { projectId, name, metadataRef: value?.ref ?? null, limits } }],
    values: value === null ? [] : [value],
    view: ({ projects }) => partOf(projects, projectId),
  });
  return isRefusal(sent) ? sent : { ...sent, projectId, metadata };
};
