import type { OrganizationEvent } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Row, Table } from './rows.ts';

/** `rm.projects`: an organization's projects, archived ones too (db/read-models/053-projects.sql). */
export const projects: Table = {
  name: 'projects',
  key: ['issuer_org_id', 'project_id'],
  columns: {
    ...{ issuer_org_id: 'text', project_id: 'text', name: 'text', metadata_ref: 'text' },
    ...{ created_at: 'timestamptz', archived_at: 'timestamptz' },
  },
};

/** The row of a new project. */
export const projectRow = (
  organizationId: string,
  { projectId, name, metadataRef }: Extract<OrganizationEvent, { type: 'ProjectCreated' }>['data'],
  createdAt: Instant,
): Row => ({
  issuer_org_id: organizationId,
  project_id: projectId,
  name,
  metadata_ref: metadataRef,
  created_at: createdAt,
  archived_at: null,
});
