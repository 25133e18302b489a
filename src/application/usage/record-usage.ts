import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { type ClientRequest, sendClientCommand, type UsedLicense, usedLicense } from '../client-license.ts';
import { type CommandNeeds, issuedFacts } from '../licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/** Usage of a meter. The same `usageId` counts once. Without it each request counts. */
export type MeteredUse = {
  readonly meter: string;
  readonly quantity: number;
  readonly usageId?: string | undefined;
  /** Without it the usage happened now. */
  readonly occurredAt?: Instant | undefined;
};

/** Records usage of a meter: all of it, or nothing when the quota has too little left. */
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
