import type { Route } from '../route.ts';
import { createCheckpointRoute, getCheckpoint, getKeys, listCheckpointsRoute } from './log-checkpoints.ts';
import type { LogNeeds } from './log-needs.ts';
import { getConsistency, getEventProof } from './proofs.ts';
import { getEntries, getTile } from './tiles.ts';

/** The operations on the logs of issuers, and the proofs of their events. */
export const logRoutes = (needs: LogNeeds): readonly Route[] => [
  getEntries(needs),
  getTile(needs),
  getCheckpoint(needs),
  listCheckpointsRoute(needs),
  createCheckpointRoute(needs),
  getConsistency(needs),
  getKeys(needs),
  getEventProof(needs),
];
