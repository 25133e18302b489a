import { z } from 'zod';
import type { ProjectView } from '../../projections/tables/projects.ts';
import { idOf, instantOut, jsonValue } from '../schemas.ts';

export const projectId = idOf('prj', 'prj_01h455vb4pex5vsknk084sn02q');

/** A project as the API shows it. Until it is archived, `archivedAt` is null. */
export const projectShape = z
  .strictObject({
    id: projectId,
    name: z.string().meta({ example: 'Apollo' }),
    metadata: z.record(z.string(), jsonValue),
    createdAt: instantOut,
    archivedAt: instantOut.nullable(),
  })
  .meta({ id: 'Project' });

type ShownProject = Pick<ProjectView, 'name' | 'createdAt' | 'archivedAt'> & { readonly metadata: object | null };

/** Returns a project as the API shows it. */
export const projectBody = (id: string, { name, metadata, createdAt, archivedAt }: ShownProject): object => ({
  id,
  name,
  metadata: metadata ?? {},
  createdAt,
  archivedAt,
});
