import { type Rejection, reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Organization, Project } from '../../domain/organization/organization.ts';
import { noLimits, organizationLimits } from '../../domain/organization/organization-limits.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseValue, type PersonalValue, valueAt } from '../../records/vault.ts';
import { referenceOf } from '../personal-values.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { InviteNeeds } from './invite-member.ts';
import {
  type ChangedOrganization,
  type OrganizationRequest,
  partOf,
  sendToOrganization,
} from './send-to-organization.ts';

export type ProjectNeeds = InviteNeeds;

type Metadata = Readonly<Record<string, unknown>>;

/** A change of a project; what is undefined stays as it is. */
export type ProjectChange = {
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly archived?: boolean | undefined;
};

/** A project right after a change, with its metadata. */
export type ChangedProject = ChangedOrganization<Project> & {
  readonly projectId: string;
  readonly metadata: object | null;
};

/** Opens a project of the caller's organization. */
export const createProject = async (
  needs: ProjectNeeds,
  request: OrganizationRequest,
  { name, metadata = {} }: { readonly name: string; readonly metadata?: Metadata | undefined },
): Promise<ChangedProject | Refusal> => {
  const at = needs.now();
  const projectId = encodeId('prj', aggregateId(request.attempt.commandId, 'project'));
  const noted = notedOn(request, projectId, metadata);
  const limits = await limitsOf(needs, request, at);
  const sent = await sendToOrganization(needs, request, {
    at,
    commandsOn: () => [{ type: 'CreateProject', data: { projectId, name, metadataRef: noted?.ref ?? null, limits } }],
    values: noted === null ? [] : [noted],
    view: ({ projects }) => partOf(projects, projectId),
  });
  return isRefusal(sent) ? sent : { ...sent, projectId, metadata };
};

/** Changes a project of the caller's organization: all that is wanted, or nothing. */
export const changeProject = async (
  needs: ProjectNeeds,
  request: OrganizationRequest,
  projectId: string,
  change: ProjectChange,
): Promise<ChangedProject | Refusal> => {
  const at = needs.now();
  const noted = change.metadata === undefined ? null : notedOn(request, projectId, change.metadata);
  const limits = change.archived === false ? await limitsOf(needs, request, at) : noLimits;
  // The metadata before, as of the last time that the change was decided.
  let supersededRef: string | null = null;
  const sent = await sendToOrganization(needs, request, {
    at,
    commandsOn: (organization) => {
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
  if (isRefusal(sent)) return sent;
  if (supersededRef !== null) eraseLater(needs, request, supersededRef, sent.position);
  return { ...sent, projectId, metadata: await metadataOf(needs, request, sent.view) };
};

const noSuchProject: Rejection<'NOT_FOUND'> = reject('NOT_FOUND', 'This organization has no such project.');

const projectIn = (organization: Organization, projectId: string): Project | null =>
  organization.kind === 'missing' ? null : (organization.projects.get(projectId) ?? null);

const limitsOf = async (needs: ProjectNeeds, { caller }: OrganizationRequest, at: Instant) => {
  const license = await needs.platformLicense(caller.organizationId);
  return organizationLimits(license?.entitlements ?? [], at);
};

/** Returns metadata as the vault stores it; null: nothing is noted. */
const notedOn = (
  { caller, attempt }: OrganizationRequest,
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

/** Erases the metadata that a project had before, as soon as the read models no longer lead to it. */
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
