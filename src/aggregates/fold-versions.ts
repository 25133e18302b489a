/**
 * The version of each fold. Raise it when the same events fold to a different state, or when the shape of the state
 * changes. Snapshots of other versions are ignored, so long streams are folded from their start once. A test compares
 * the source and the outcome of each fold with those of this version.
 */
export const foldVersions = {
  license: 'license-11',
  organization: 'organization-6',
  catalog: 'catalog-7',
  reservation: 'reservation-2',
  issuerLog: 'issuer-log-1',
} as const;
