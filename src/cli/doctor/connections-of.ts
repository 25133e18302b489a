import { readsMax } from '../../api/events/shared-reads.ts';
import { allRoles } from '../server/roles.ts';

// The pools of process-parts.ts, serve.ts, start-projector.ts, start-jobs.ts and start-notary.ts, with the connections that listen.
const shared = 10 + 2 + 1;
const api = readsMax + 1 + 2 + 1 + 1;
// Building read models takes eight more: two in each of three pools, one that works alone, and one that cancels its statement.
const projector = 4 + 8;
// Four queues in Postgres with four connections each.
const worker = 4 + 1 + 16;
// Two of them ask witnesses.
const notary = 5 + 2;
const embeddedEventStore = 1 + 4;

/** Returns the most connections to Postgres that processes with these roles open. No process: one with all roles. */
export const connectionsOf = (processes: readonly (readonly string[])[], mode: 'embedded' | 'servers'): number => {
  const counted = processes.length === 0 ? [allRoles] : processes;
  const ofRoles = (roles: readonly string[]) =>
    shared +
    (roles.includes('api') ? api : 0) +
    (roles.includes('projector') ? projector : 0) +
    (roles.includes('worker') ? worker : 0) +
    (roles.includes('notary') ? notary : 0);
  const ofAll = counted.reduce((sum, roles) => sum + ofRoles(roles), 0);
  return ofAll + (mode === 'embedded' ? embeddedEventStore : 0);
};
