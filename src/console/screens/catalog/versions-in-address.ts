/** The versions of a policy that an address shows: one, and another one to compare with. */
export type ShownVersions = { readonly version?: number; readonly compare?: number };

/** Returns the versions in an address. Other values are ignored. */
export const versionsIn = ({ version, compare }: Record<string, unknown>): ShownVersions => ({
  ...(isVersion(version) ? { version } : {}),
  ...(isVersion(compare) ? { compare } : {}),
});

const isVersion = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;

/**
 * Returns the version to show of a policy, and the one to compare it with: by default the latest one with the one
 * before. Null and, in an address, 0 mean no version.
 */
export const shownVersions = (
  { version, compare }: ShownVersions,
  latest: number,
): { readonly version: number; readonly compare: number | null } => {
  const known = version === undefined || version < 1 || version > latest ? latest : version;
  const other = compare ?? known - 1;
  return { version: known, compare: other < 1 || other > latest || other === known ? null : other };
};
