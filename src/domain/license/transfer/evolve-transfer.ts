import type { At } from '../../decider.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import type { LicenseFacts } from '../license.ts';
import type { TransferEvent } from './transfer-events.ts';

/** Returns the facts after an event about the holder. */
export const evolveTransferFacts = (facts: LicenseFacts, event: TransferEvent, at: At): LicenseFacts => {
  switch (event.type) {
    case 'LicenseTransferred':
      return withEnds(facts, event, at.effectiveAt, { holderOrgId: event.data.toHolderOrgId, offer: null });
    case 'LicenseOffered':
      return { ...facts, offer: { ...event.data, offeredAt: at.effectiveAt, ended: null } };
    case 'LicenseOfferEnded':
      return facts.offer === null ? facts : { ...facts, offer: { ...facts.offer, ended: event.data.cause } };
  }
};
