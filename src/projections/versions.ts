import type { ClientBase, Pool } from 'pg';
import type { Projection } from './checkpoint.ts';

/** The name of the only projection, which writes every table of the read models. */
export const readModelsName = 'read-models';

/** The states of a version of the read models, as in the check constraint of ops.projection_versions. */
export const versionStates = ['building', 'active', 'previous'] as const;

/**
 * A version of the read models. `shape`: the hash of the files of db/read-models that created it. `release`: the number
 * of the release that created it.
 */
export type Version = {
  readonly version: number;
  readonly state: (typeof versionStates)[number];
  readonly shape: string;
  readonly release: number;
  /** The highest number of the releases that have projected into it. */
  readonly projectedBy: number;
};

/** Returns the version that serves now. The next transaction may see another one. Throws when there is none yet. */
export const activeProjection = async (db: Pool | ClientBase): Promise<Projection> => {
  const active = activeAmong(await versionsOf(db));
  if (active === undefined) throw new Error('The database has no read models yet: `ledger start` makes them.');
  return projectionOf(active);
};

/** Returns the version that serves. */
export const activeAmong = (versions: readonly Version[]): Version | undefined =>
  versions.find(({ state }) => state === 'active');

/** Returns every version with tables, oldest first. */
export const versionsOf = async (db: Pool | ClientBase): Promise<readonly Version[]> => {
  const { rows } = await db.query<Version>(
    `select version, state, shape, release, projected_by as "projectedBy"
      from ops.projection_versions where projection = $1 order by version`,
    [readModelsName],
  );
  return rows;
};

/** Returns the schema of the tables of a version, which is `rm` while it serves. */
export const schemaOf = ({ version, state }: Pick<Version, 'version' | 'state'>): string =>
  state === 'active' ? 'rm' : `rm_v${version}`;

/** Returns the schema of the tables of a version while rows are loaded into them; see rebuild/bulk-load.ts. */
export const loadingSchemaOf = (version: Pick<Version, 'version' | 'state'>): string => `${schemaOf(version)}_loading`;

/** Returns a version as checkpoints name it. */
export const projectionOf = ({ version }: Pick<Version, 'version'>): Projection => ({ name: readModelsName, version });

/** Returns the number of the version that serves, or null when there is none or it was made from another log. */
export const readableVersion = async (db: Pool | ClientBase): Promise<number | null> => {
  const { rows } = await db.query<{ version: number }>(
    `select version from ops.projection_versions where projection = $1 and state = 'active' and not is_of_other_log`,
    [readModelsName],
  );
  return rows[0]?.version ?? null;
};
