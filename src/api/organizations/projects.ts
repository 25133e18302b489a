import { z } from 'zod';
import { type ChangedProject, changeProject, createProject } from '../../application/organizations/change-project.ts';
import type { OrganizationRequest } from '../../application/organizations/send-to-organization.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listProjects, type ProjectView, projectById } from '../../projections/tables/projects.ts';
import { entityTag } from '../conditional.ts';
import { metadataIn } from '../licenses/issue/issue-body.ts';
import { archivedFilter, filtersOf, page } from '../paging.ts';
import { problem } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf, text } from '../schemas.ts';
import { nameOf } from './fields.ts';
import type { OrganizationNeeds } from './needs.ts';
import { answerOwn } from './own-request.ts';
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
  q: text(200).optional().meta({ description: 'What the name begins with, in any case.' }),
});

/** GET /v1/projects: the organization's, newest first. */
export const listProjectsRoute = ({ pool, secrets }: OrganizationNeeds): Route =>
  route({
    ...{ method: 'get', path: '/v1/projects', tag, operationId: 'listProjects', summary: 'List projects' },
    description: 'Of your organization, newest first, archived ones too. A cursor goes with its filters.',
    permission: 'readProjects',
    effect: 'read',
    request: z.object({ params: none, query: listQuery }),
    replies: { 200: { description: 'One page.', body: pageOf(projectShape) } },
    rejections: [],
    handle: ({ query: { limit, cursor: from, ...filters } }, { caller: { organizationId: orgId } }) => {
      const filtered = filtersOf(filters);
      return page<ProjectView>(
        secrets,
        { limit, cursor: from },
        `projects\0${orgId}\0${filtered}`,
        (parameters) => `/v1/projects?${filtered}${parameters}`,
        ({ projectId: id }) => id,
        (after, count) => asTenant(pool, orgId, (db) => listProjects(db, { orgId, limit: count, after, ...filters })),
        (project) => projectBody(project.projectId, project),
      );
    },
  });

/** POST /v1/projects */
export const createProjectRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'post', path: '/v1/projects', tag, operationId: 'createProject', summary: 'Open a project' },
    description: 'At most as many as the license of your organization says, else 1,000, are in use at once.',
    permission: 'changeProjects',
    effect: 'append',
    request: z.object({ params: none, query: none, body: newProject }),
    replies: { 201: { description: 'Opened.', body: projectShape, headers: ['Location', 'ETag'] } },
    rejections: ['PROJECT_LIMIT_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ body: { name, metadata = {} } }, call) => {
      const input = { name, metadata };
      const change = (request: OrganizationRequest) => createProject(needs, request, input);
      return answerOwn(needs, call, { operation: 'createProject', input, change }, (changed) => ({
        ...{ status: 201, body: bodyOf(changed), location: `/v1/projects/${changed.projectId}` },
      }));
    },
  });

/** GET /v1/projects/{projectId} */
export const getProject = ({ pool }: OrganizationNeeds): Route =>
  route({
    ...{ method: 'get', path, tag, operationId: 'getProject', summary: 'Get a project' },
    description: 'The ETag is the revision of the organization.',
    permission: 'readProjects',
    effect: 'read',
    conditional: true,
    request: z.object({ params: projectPath, query: none }),
    replies: { 200: { description: 'The project.', body: projectShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { projectId: id } }, { caller: { organizationId } }) => {
      const found = await asTenant(pool, organizationId, (db) => projectById(db, organizationId, id));
      if (found === null) return problem('NOT_FOUND', 'This organization has no such project.');
      return { status: 200, body: projectBody(id, found), headers: { ETag: entityTag(found.revision) } };
    },
  });

/** PATCH /v1/projects/{projectId} */
export const changeProjectRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'patch', path, tag, operationId: 'changeProject', summary: 'Change, archive or restore a project' },
    description:
      'What is left out stays as it is; metadata is replaced whole. An archived project takes changes together with "archived": false only.',
    permission: 'changeProjects',
    effect: 'append',
    conditional: true,
    request: z.object({ params: projectPath, query: none, body: projectChange }),
    replies: { 200: { description: 'The project after it.', body: projectShape } },
    rejections: ['NOT_FOUND', 'ARCHIVED', 'PROJECT_LIMIT_EXCEEDED', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { projectId: id }, body }, call) => {
      const change = (request: OrganizationRequest) => changeProject(needs, request, id, body);
      const input = { projectId: id, ...body };
      return answerOwn(needs, call, { operation: 'changeProject', input, change }, shown);
    },
  });

/** DELETE /v1/projects/{projectId}: archives it. */
export const archiveProjectRoute = (needs: OrganizationNeeds): Route =>
  route({
    ...{ method: 'delete', path, tag, operationId: 'archiveProject', summary: 'Archive a project' },
    description: 'It counts no more, and can be restored. Again changes nothing.',
    permission: 'changeProjects',
    effect: 'append',
    conditional: true,
    request: z.object({ params: projectPath, query: none }),
    replies: { 200: { description: 'The project after it.', body: projectShape } },
    rejections: ['NOT_FOUND', 'ORGANIZATION_CLOSED'],
    handle: ({ params: { projectId: id } }, call) => {
      const change = (request: OrganizationRequest) => changeProject(needs, request, id, { archived: true });
      const input = { projectId: id, archived: true };
      return answerOwn(needs, call, { operation: 'archiveProject', input, change }, shown);
    },
  });

const bodyOf = ({ projectId: id, view, metadata }: ChangedProject): object => projectBody(id, { ...view, metadata });

const shown = (changed: ChangedProject) => ({ status: 200, body: bodyOf(changed) });
