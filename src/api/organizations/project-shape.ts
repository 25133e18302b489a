import { z } from 'zod';
import type { ProjectView } from '../../projections/tables/projects.ts';
import { idOf, instantOut, text } from '../schemas.ts';

const metadataBytesMax = 16 * 1024;

export const projectId = idOf('prj', 'prj_01h455vb4pex5vsknk084sn02q');

/** What may be noted on a project. */
export const projectMetadata = z
  .record(text(100), z.json())
  .refine((metadata) => Object.keys(metadata).length <= 50, 'must have at most 50 names')
  .refine((metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= metadataBytesMax, 'must have at most 16 kB');

/** A project as the API shows it. `archivedAt` null: in use. */
export const projectShape = z
  .strictObject({
    id: projectId,
    name: z.string().meta({ example: 'Apollo' }),
    metadata: z.record(z.string(), z.json()),
    createdAt: instantOut,
    archivedAt: instantOut.nullable(),
  })
  .meta({ id: 'Project' });

type Shown = Pick<ProjectView, 'name' | 'createdAt' | 'archivedAt'> & { readonly metadata: object | null };

/** A project as answered. */
export const projectBody = (id: string, { name, metadata, createdAt, archivedAt }: Shown): object => ({
  ...{ id, name, metadata: metadata ?? {}, createdAt, archivedAt },
});
