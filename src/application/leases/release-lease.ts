import { type ClientRequest, sendClientCommand, type UsedLicense, usedLicense } from '../client-license.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** Releases a floating seat. */
export const releaseLease = async (
  needs: CommandNeeds,
  request: ClientRequest,
  leaseId: string,
): Promise<UsedLicense | Refusal> => {
  const command = { type: 'ReleaseLease', at: needs.now(), data: { leaseId, by: 'USER' } } as const;
  const sent = await sendClientCommand(needs, request, { command }, issuedFacts);
  return isRefusal(sent) ? sent : usedLicense(sent);
};
