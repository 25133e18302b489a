import { reject } from '../../domain/decider.ts';
import { type ClientRequest, sendClientCommand } from '../client-license.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { LeaseResult } from './acquire-lease.ts';
import { withHeartbeat } from './with-heartbeat.ts';

/** Keeps a seat for another time to live. Appends an event only when a lapsed seat comes back. */
export const renewLease = async (
  needs: CommandNeeds,
  request: ClientRequest,
  { leaseId, borrowSeconds = null }: { readonly leaseId: string; readonly borrowSeconds?: number | undefined | null },
): Promise<LeaseResult | Refusal> => {
  const at = needs.now();
  const command = { type: 'RenewLease', at, data: { leaseId, borrowSeconds } } as const;
  const renew = () =>
    sendClientCommand(needs, request, { command }, (license) => ({
      facts: issuedFacts(license),
      lease: license.kind === 'unissued' ? undefined : license.leases.get(leaseId),
    }));
  const sent = await withHeartbeat(needs, at, renew, ({ view }) => view);
  if (isRefusal(sent)) return sent;
  const { view, outcome, revision, position } = sent;
  const { facts, lease } = view;
  // This happens only when the heartbeat is sent again after the lease has ended.
  if (lease === undefined) return reject('NOT_FOUND', `The lease ${leaseId} has ended; acquire one.`);
  const heardAt = lease.borrow ? null : at;
  return { lease, heardAt, facts, changed: outcome !== 'unchanged', revision, position: position.commit };
};
