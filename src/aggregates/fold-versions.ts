/**
 * The version of each fold. Raise it whenever the same events fold to another state, or the state has another shape:
 * the snapshots of other versions are ignored then, and long streams are folded from their start once. A test compares
 * the source and the outcome of each fold with what they were at this version.
 */
export const foldVersions = {
  license: 'license-1',
  organization: 'organization-1',
  catalog: 'catalog-1',
  reservation: 'reservation-1',
} as const;
