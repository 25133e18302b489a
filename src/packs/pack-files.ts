/** The names of the files of a pack. */
export const packFiles = {
  readMe: 'README.txt',
  keys: 'log.vkey',
  checkpoint: 'checkpoint',
  events: 'events.ndjson',
  states: 'states.ndjson',
  leaves: 'leaves.ndjson',
  proofs: 'proofs.ndjson',
  manifest: 'manifest.json',
} as const;

/** The files of a pack in their order, with the names that each place allows. */
export const packPlaces: readonly (readonly string[])[] = [
  [packFiles.readMe],
  [packFiles.keys],
  [packFiles.checkpoint],
  [packFiles.events],
  [packFiles.states],
  [packFiles.leaves, packFiles.proofs],
  [packFiles.manifest],
];

/**
 * The most leaves of a log that a pack has, about 210 MB. The pack of a larger log has proofs of single events, which do
 * not prove that a history is complete.
 */
export const leavesMax = 1_000_000;

/** The most licenses of a pack. */
export const packLicensesMax = 10_000;
