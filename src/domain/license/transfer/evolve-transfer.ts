import type { At } from '../../decider.ts';
import { withEnds } from '../endings/evolve-endings.ts';
import type { LicenseFacts } from '../license.ts';
import type { TransferEvent } from './transfer-events.ts';

/** Returns the facts after an event about the holder. */
export const evolveTransferFacts = (facts: LicenseFacts, event: TransferEvent, { effectiveAt }: At): LicenseFacts =>
  withEnds(facts, event, effectiveAt, { holderOrgId: event.data.toHolderOrgId });
