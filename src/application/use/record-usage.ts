import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { type ClientRequest, sendClientCommand, type UsedLicense, usedLicense } from '../client-license.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** Use of a meter. The same `usageId` counts once; without one each request counts. */
export type MeteredUse = {
  readonly meter: string;
  readonly quantity: number;
  readonly usageId?: string | undefined;
  /** Absent: now. */
  readonly occurredAt?: Instant | undefined;
};

/** Counts use of a meter: all of it or, where the quota has no room for that, nothing. */
export const recordUsage = async (
  needs: CommandNeeds,
  request: ClientRequest,
  { meter, quantity, ...use }: MeteredUse,
): Promise<(UsedLicense & { readonly usageId: string }) | Refusal> => {
  const at = needs.now();
  const usageId = use.usageId ?? aggregateId(request.attempt.commandId, 'usage');
  const data = { meter, quantity, usageId, occurredAt: use.occurredAt ?? at };
  const sent = await sendClientCommand(needs, request, { command: { type: 'RecordUsage', at, data } }, issuedFacts);
  return isRefusal(sent) ? sent : { ...usedLicense(sent), usageId };
};
