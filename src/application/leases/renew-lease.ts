import { reject } from '../../domain/decider.ts';
import { type ClientNeeds, type ClientRequest, sendClientCommand } from '../client-license.ts';
import { withUseAtLimit } from '../devices/use-at-limit.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { deviceOf, noteRefusal } from '../observing/note-refusal.ts';
import { deviceHolding, noteContact, type ObservingNeeds } from '../observing/note-validation.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { LeaseResult } from './acquire-lease.ts';
import { leaseNameOf, type NamedLease } from './lease-name.ts';
import { withHeartbeat } from './with-heartbeat.ts';

/**
 * Keeps a seat for another time to live. Appends an event only when a lapsed seat comes back. The policy may demand the
 * holder of the seat of a client that has only the key.
 */
export const renewLease = async (
  needs: ClientNeeds & CommandNeeds & ObservingNeeds,
  request: ClientRequest,
  { borrowSeconds = null, ...lease }: NamedLease & { readonly borrowSeconds?: number | undefined | null },
): Promise<LeaseResult | Refusal> => {
  const { leaseId } = lease;
  const named = await leaseNameOf(needs, request, lease);
  const at = needs.now();
  const command = { type: 'RenewLease', at, data: { ...named, borrowSeconds } } as const;
  const renew = () =>
    sendClientCommand(needs, request, { command }, (license) => {
      const lease = license.kind === 'unissued' ? undefined : license.leases.get(leaseId);
      return { facts: issuedFacts(license), lease, device: deviceHolding(license, lease) };
    });
  const sent = await withHeartbeat(needs, at, renew, ({ view }) => view);
  if (isRefusal(sent)) {
    const fingerprintHash = deviceOf(request.license.facts, named.holderHash);
    noteRefusal(needs, request, { refusal: sent, at, fingerprintHash });
    return withUseAtLimit(needs, request, sent);
  }
  const { view, outcome, revision, position } = sent;
  const { facts, lease: kept } = view;
  // This happens only when the heartbeat is sent again after the lease has ended.
  if (kept === undefined) return reject('NOT_FOUND', `The lease ${leaseId} has ended; acquire one.`);
  noteContact(needs, request, { facts, device: view.device, version: null, product: kept.product, at });
  const heardAt = kept.borrow ? null : at;
  return { lease: kept, heardAt, facts, changed: outcome !== 'unchanged', revision, position: position.commit };
};
