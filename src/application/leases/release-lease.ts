import { isAdministrator } from '../../domain/license/license-authority.ts';
import {
  type ClientNeeds,
  type ClientRequest,
  sendClientCommand,
  type UsedLicense,
  usedLicense,
} from '../client-license.ts';
import { type CommandNeeds, issuedLicense } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { eraseReleased } from './erase-released.ts';
import { leaseNameOf, type NamedLease } from './lease-name.ts';

/**
 * Releases a floating seat, for an administrator or for its holder. The policy may demand its holder of a client that
 * has only the key. A release by an administrator erases the name of who sat there, as `releaseSeat` does.
 */
export const releaseLease = async (
  needs: ClientNeeds & CommandNeeds,
  request: ClientRequest,
  lease: NamedLease,
): Promise<UsedLicense | Refusal> => {
  const named = await leaseNameOf(needs, request, lease);
  const by = isAdministrator(request.by) ? 'ADMIN' : 'USER';
  const command = { type: 'ReleaseLease', at: needs.now(), data: { ...named, by } } as const;
  const sent = await sendClientCommand(needs, request, { command, power: 'releaseSeats' }, (license) => {
    const { facts, withheld } = issuedLicense(license);
    return { facts, isWithheld: withheld.has(named.leaseId) };
  });
  if (isRefusal(sent)) return sent;
  const { facts, isWithheld } = sent.view;
  if (by === 'ADMIN' && !isWithheld) await eraseReleased(needs.pool, facts, named.leaseId);
  return usedLicense({ ...sent, view: facts });
};
