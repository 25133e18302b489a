import { z } from 'zod';
import { changeProject } from '../../application/organizations/change-project.ts';
import { createProject } from '../../application/organizations/create-project.ts';
import type { ChangedProject } from '../../application/organizations/project-command.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listProjects, type ProjectView, projectById } from '../../projections/tables/projects.ts';
import { entityTag } from '../http/conditional.ts';
import { metadataIn } from '../licenses/issue/issue-body.ts';
import { answerOwnChange } from '../own-change.ts';
import { archivedFilter, organizationPage, smallerPages } from '../paging.ts';
import { problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf, text } from '../schemas.ts';
import { nameOf } from './organization-fields.ts';
import type { OrganizationNeeds } from './organization-needs.ts';
import { projectBody, projectId, projectShape } from './project-shape.ts';

const path = '/v1/projects/{projectId}';
const tag = 'Projects';
const projectPath = z.strictObject({ projectId });

const newProject = z
  .strictObject({ name: nameOf('a project'), metadata: metadataIn.optional() })
  .meta({ id: 'NewProject', example: { name: 'Apollo', metadata: { costCenter: 4711 } } });

const projectChange = z
  .strictObject({
    name: nameOf('a project').optional(),
    metadata: metadataIn.optional(),
    archived: z.boolean().optional(),
  })
  .meta({ id: 'ProjectChange', example: { archived: false } });

const listQuery = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  archived: archivedFilter.optional(),
  q: text(200).optional().meta({ description: 'The beginning of the name, in upper or lower case.' }),
});

/** GET /v1/projects: lists the projects of the organization, newest first. */
export const listProjectsRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/projects',
    tag,
    operationId: 'listProjects',
    summary: 'List projects',
    description:
      'The projects of your organization, newest first. Archived projects are included. A cursor works only with the filters that it was returned for.',
    permission: 'readProjects',
    effect: 'read',
    request: z.object({ params: none, query: listQuery }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(projectShape) } },
    rejections: [],
    handle: ({ query }, { caller: { organizationId } }) =>
      organizationPage<ProjectView>(needs, query, {
        list: 'projects',
        organizationId,
        placeOf: ({ projectId: id }) => id,
        read: (db, page) => listProjects(db, { ...query, ...page, orgId: organizationId }),
        bodyOf: (project) => projectBody(project.projectId, project),
      }),
  });

/** POST /v1/projects */
export const createProjectRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/projects',
    tag,
    operationId: 'createProject',
    summary: 'Create a project',
    description:
      'The license of your organization limits how many projects are in use. Without such a limit it is 1,000.',
    permission: 'changeProjects',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newProject }),
    replies: { 201: { description: 'The project was created.', body: projectShape, headers: ['Location', 'ETag'] } },
    rejections: ['PROJECT_LIMIT_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ body: { name, metadata = {} } }, call) => {
      const input = { name, metadata };
      return answerOwnChange(
        needs,
        call,
        { operation: 'createProject', input, change: (request) => createProject(needs, request, input) },
        (changed) => ({ ...show(changed), location: `/v1/projects/${changed.projectId}` }),
      );
    },
  });

/** GET /v1/projects/{projectId} */
export const getProject = ({ pool }: OrganizationNeeds): Route =>
  route({
    method: 'get',
    path,
    tag,
    operationId: 'getProject',
    summary: 'Get a project',
    description: 'The ETag is the revision of the organization.',
    permission: 'readProjects',
    effect: 'read',
    conditional: true,
    request: z.object({ params: projectPath, query: none }),
    replies: { 200: { description: 'The project.', body: projectShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { projectId: id } }, { caller: { organizationId } }) => {
      const project = await asTenant(pool, organizationId, (db) => projectById(db, organizationId, id));
      if (project === null) return problem('NOT_FOUND', 'This organization has no such project.');
      return { status: 200, body: projectBody(id, project), headers: { ETag: entityTag(project.revision) } };
    },
  });

/** PATCH /v1/projects/{projectId} */
export const changeProjectRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'patch',
    path,
    tag,
    operationId: 'changeProject',
    summary: 'Change, archive or restore a project',
    description:
      'Absent fields stay as they are. Metadata is replaced as a whole. An archived project can be changed only together with "archived": false.',
    permission: 'changeProjects',
    effect: 'append',
    conditional: true,
    request: z.object({ params: projectPath, query: none, body: projectChange }),
    replies: { 200: { description: 'The project after the change.', body: projectShape } },
    rejections: ['NOT_FOUND', 'ARCHIVED', 'PROJECT_LIMIT_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { projectId: id }, body }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'changeProject',
          input: { projectId: id, ...body },
          change: (request) => changeProject(needs, request, id, body),
        },
        show,
      ),
  });

/** DELETE /v1/projects/{projectId}: archives a project. */
export const archiveProjectRoute = (needs: OrganizationNeeds): Route =>
  route({
    method: 'delete',
    path,
    tag,
    operationId: 'archiveProject',
    summary: 'Archive a project',
    description:
      'An archived project no longer counts against the limit. It can be restored. Archiving it again changes nothing.',
    permission: 'changeProjects',
    effect: 'append',
    conditional: true,
    request: z.object({ params: projectPath, query: none }),
    replies: { 200: { description: 'The project after the change.', body: projectShape } },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { projectId: id } }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'archiveProject',
          input: { projectId: id, archived: true },
          change: (request) => changeProject(needs, request, id, { archived: true }),
        },
        show,
      ),
  });

const show = ({ projectId: id, view, metadata }: ChangedProject) => ({ body: projectBody(id, { ...view, metadata }) });
