import { z } from 'zod';
import type { ProjectView } from '../../projections/tables/projects.ts';
import { idOf, instantOut, jsonValue } from '../schemas.ts';

export const projectId = idOf('prj', 'prj_01h455vb4pex5vsknk084sn02q');

/** A project as the API shows it. `archivedAt` null: in use. */
export const projectShape = z
  .strictObject({
    id: projectId,
    name: z.string().meta({ example: 'Apollo' }),
    metadata: z.record(z.string(), jsonValue),
    createdAt: instantOut,
    archivedAt: instantOut.nullable(),
  })
  .meta({ id: 'Project' });

type Shown = Pick<ProjectView, 'name' | 'createdAt' | 'archivedAt'> & { readonly metadata: object | null };

/** A project as answered. */
export const projectBody = (id: string, { name, metadata, createdAt, archivedAt }: Shown): object => ({
  ...{ id, name, metadata: metadata ?? {}, createdAt, archivedAt },
});
