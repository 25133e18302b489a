import { type Rejection, reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import { type OrganizationLimits, organizationLimits } from '../../domain/organization/limits.ts';
import type { Organization, Project } from '../../domain/organization/organization.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { eraseValue, type PersonalValue, valueAt } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import { entityTag } from '../conditional.ts';
import type { Attempt } from '../idempotency.ts';
import { referenceOf } from '../in-vault.ts';
import { isProblem, type Problem } from '../problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';
import type { OrganizationNeeds } from './needs.ts';
import { projectBody } from './project-shape.ts';
import { oncePerKey, partOf, sendToOrganization } from './send-to-organization.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** What is asked for a project; what is undefined stays as it is. */
export type ProjectChange = {
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly archived?: boolean | undefined;
};

/** Opens a project of the caller's organization, once per Idempotency-Key. */
export const createProjectAs = (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  { name, metadata = {} }: { readonly name: string; readonly metadata?: Metadata | undefined },
): Promise<Reply | Problem> =>
  oncePerKey(needs, call, 'createProject', { name, metadata }, async (attempt, at) => {
    const projectId = encodeId('prj', aggregateId(attempt.commandId, 'project'));
    const noted = notedOn(call, attempt, projectId, metadata);
    const limits = await limitsOf(needs, call, at);
    const sent = await sendToOrganization(needs, call, attempt, {
      at,
      wantedOf: () => [{ type: 'CreateProject', data: { projectId, name, metadataRef: noted?.ref ?? null, limits } }],
      values: noted === null ? [] : [noted],
      view: ({ projects }) => partOf(projects, projectId),
    });
    if (isProblem(sent)) return sent;
    return {
      status: 201,
      body: projectBody(projectId, { ...sent.view, metadata }),
      headers: { Location: `/v1/projects/${projectId}`, ETag: entityTag(sent.revision) },
      position: sent.position.commit,
    };
  });

/** Changes a project of the caller's organization, once per Idempotency-Key: all that is asked, or nothing. */
export const changeProjectAs = (
  needs: OrganizationNeeds,
  call: OrganizationCall,
  operation: string,
  projectId: string,
  change: ProjectChange,
): Promise<Reply | Problem> =>
  oncePerKey(needs, call, operation, { projectId, ...change }, async (attempt, at) => {
    const noted = change.metadata === undefined ? null : notedOn(call, attempt, projectId, change.metadata);
    const limits = change.archived === false ? await limitsOf(needs, call, at) : unasked;
    // What the metadata was before, as of the last time that the change was decided.
    let supersededRef: string | null = null;
    const sent = await sendToOrganization(needs, call, attempt, {
      at,
      wantedOf: (organization) => {
        const project = projectIn(organization, projectId);
        if (project === null) return noSuchProject;
        const { name = project.name, metadata, archived } = change;
        const metadataRef = metadata === undefined ? project.metadataRef : (noted?.ref ?? null);
        supersededRef = project.metadataRef === metadataRef ? null : project.metadataRef;
        const isChanged = change.name !== undefined || metadata !== undefined;
        return [
          ...(archived === false ? [{ type: 'RestoreProject', data: { projectId, limits } } as const] : []),
          ...(isChanged ? [{ type: 'ChangeProject', data: { projectId, name, metadataRef } } as const] : []),
          ...(archived === true ? [{ type: 'ArchiveProject', data: { projectId } } as const] : []),
        ];
      },
      values: noted === null ? [] : [noted],
      view: ({ projects }) => partOf(projects, projectId),
    });
    if (isProblem(sent)) return sent;
    if (supersededRef !== null) eraseLater(needs, call, supersededRef, sent.position.commit);
    return {
      status: 200,
      body: projectBody(projectId, { ...sent.view, metadata: await metadataOf(needs, call, sent.view) }),
      headers: { ETag: entityTag(sent.revision) },
      position: sent.position.commit,
    };
  });

const noSuchProject: Rejection<'NOT_FOUND'> = reject('NOT_FOUND', 'This organization has no such project.');

const projectIn = (organization: Organization, projectId: string): Project | null =>
  organization.kind === 'missing' ? null : (organization.projects.get(projectId) ?? null);

const unasked: OrganizationLimits = { members: null, projects: null };

const limitsOf = async (needs: OrganizationNeeds, { caller }: OrganizationCall, at: string) => {
  const license = await needs.platformLicense(caller.organizationId);
  return organizationLimits(license?.entitlements ?? [], at);
};

/** Metadata as the vault keeps it; null: nothing is noted. */
const notedOn = (
  { caller }: OrganizationCall,
  attempt: Attempt,
  subject: string,
  metadata: Metadata,
): PersonalValue | null =>
  Object.keys(metadata).length === 0
    ? null
    : {
        ref: referenceOf(attempt, 'metadata'),
        ...{ issuerOrgId: caller.organizationId, holderOrgId: null, kind: 'PROJECT_METADATA', subject },
        value: JSON.stringify(metadata),
      };

/** What a project's metadata was before is gone for good, as soon as nobody is led there by the read models any more. */
const eraseLater = ({ pool }: OrganizationNeeds, call: OrganizationCall, ref: string, position: bigint): void => {
  const { organizationId } = call.caller;
  call.onceReadable(position, () =>
    asTenant(pool, organizationId, (db) => eraseValue(db, organizationId, ref), { readOnly: false }),
  );
};

const metadataOf = async (
  { pool }: OrganizationNeeds,
  { caller }: OrganizationCall,
  { metadataRef }: Project,
): Promise<object | null> => {
  if (metadataRef === null) return null;
  const value = await asTenant(pool, caller.organizationId, (db) => valueAt(db, metadataRef));
  return value === null ? null : JSON.parse(value);
};
