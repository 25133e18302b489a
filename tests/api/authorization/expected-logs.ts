import type { Expected, Grant } from './expected.ts';

/** Returns the rules for logs, proofs and evidence packs. `reads`: who reads the feed. */
export const expectedOfLogs = (reads: Grant): Readonly<Record<string, Expected>> => {
  // To others, a log that is not public is one that does not exist.
  const ofLog: Expected = { for: 'organization', own: reads, strangers: 'NOT_FOUND', nobody: 'NOT_FOUND' };
  const ofPart: Expected = { for: 'organization', own: reads, strangers: 'NOT_FOUND' };
  return {
    getCheckpoint: ofLog,
    listCheckpoints: ofLog,
    getConsistency: ofLog,
    getKeys: ofLog,
    getTile: ofLog,
    getEntries: ofLog,
    createCheckpoint: ofPart,
    getEventProof: { for: 'organization', own: reads, held: reads, strangers: 'NOT_FOUND' },
    requestPack: { for: 'organization', own: reads, strangers: 'LICENSE_NOT_FOUND' },
    listPacks: { for: 'organization', own: reads, strangers: 'ALLOWED' },
    getPack: ofPart,
    getPackFile: ofPart,
    deletePack: ofPart,
  };
};
