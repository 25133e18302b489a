import type { At } from '../../decider.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import type { LicenseFacts } from '../license.ts';
import type { TransferEvent } from './transfer-events.ts';

/** Returns the facts after an event about the holder. */
export const evolveTransferFacts = (facts: LicenseFacts, event: TransferEvent, at: At): LicenseFacts => {
  switch (event.type) {
    case 'LicenseTransferred': {
      const changes = { holderOrgId: event.data.toHolderOrgId, offer: null };
      const transferred = withEnds(facts, event, at.effectiveAt, changes);
      return { ...transferred, formerHolders: formerHoldersAfter(facts, transferred.usage.users) };
    }
    case 'LicenseOffered':
      return { ...facts, offer: { ...event.data, offeredAt: at.effectiveAt, ended: null } };
    case 'LicenseOfferEnded':
      return facts.offer === null ? facts : { ...facts, offer: { ...facts.offer, ended: event.data.cause } };
  }
};

const formerHoldersMax = 20;

/** Returns the holders whose users stay, when this many do. */
const formerHoldersAfter = ({ formerHolders, holderOrgId }: LicenseFacts, users: number): readonly string[] => {
  if (users === 0) return [];
  if (holderOrgId === null) return formerHolders;
  return [...formerHolders.filter((id) => id !== holderOrgId), holderOrgId].slice(-formerHoldersMax);
};
