import { hasCounted, hasMeter, noSuchMeter } from '../../domain/license/usage/judge-usage.ts';
import type { Instant } from '../../domain/time.ts';
import { uuidv5 } from '../../eventstore/uuid-v5.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import type { UsageGathering, UsageRequest, UseOfRequest, UseResult } from './gather-usage.ts';

/** Usage of a meter. The same `usageId` counts once. Without it each request counts. */
export type MeteredUse = {
  readonly meter: string;
  /** Less than 0 for a correction. */
  readonly quantity: number;
  readonly usageId?: string | undefined;
  /** The `usageId` of the usage to correct. */
  readonly corrects?: string | undefined;
  /** Without it the usage happened now. */
  readonly occurredAt?: Instant | undefined;
};

export type UsageNeeds = Pick<CommandNeeds, 'now'> & { readonly gatherUsage: UsageGathering };

/** What became of one use, with its id. */
export type RecordedUse = UseResult & { readonly usageId: string; readonly meter: string };

/** Records usage of a meter: all of it, or nothing when the quota has too little left. Or records a correction. */
export const recordUsage = async (needs: UsageNeeds, request: UsageRequest, use: MeteredUse): Promise<RecordedUse> => {
  const [recorded] = await record(needs, [useOf(needs, request, use, request.attempt.commandId)]);
  if (recorded === undefined) throw new Error('Usage was sent, and has no result.');
  return recorded;
};

/**
 * Records many uses, each as `recordUsage` does. A refused one changes nothing for the others. Returns their results in
 * order.
 */
export const recordManyUses = (
  needs: UsageNeeds,
  request: UsageRequest,
  uses: readonly MeteredUse[],
): Promise<readonly RecordedUse[]> =>
  // The place tells the uses of one request apart. A repeated request has the same places.
  record(
    needs,
    uses.map((use, index) => useOf(needs, request, use, uuidv5(request.attempt.commandId, `usage:${index}`))),
  );

const useOf = (
  { now }: UsageNeeds,
  request: UsageRequest,
  { meter, quantity, ...use }: MeteredUse,
  commandId: string,
): UseOfRequest => {
  const { attemptedSince } = request.attempt;
  return {
    request,
    license: request.license.facts,
    meter,
    usage: {
      usageId: use.usageId ?? aggregateId(commandId, 'usage'),
      quantity,
      occurredAt: use.occurredAt ?? now(),
      commandId,
      ...(use.corrects === undefined ? {} : { corrects: use.corrects }),
      ...(attemptedSince === undefined ? {} : { attemptedSince }),
    },
  };
};

/**
 * Records the uses of one meter after another, so that a request has one batch at a time. One batch answers for all
 * meters that the license never had, however many they are.
 */
const record = async ({ gatherUsage }: UsageNeeds, uses: readonly UseOfRequest[]): Promise<readonly RecordedUse[]> => {
  const results = new Map<UseOfRequest, UseResult>();
  let unknown: UseResult | null = null;
  for (const meter of new Set(uses.map((use) => use.meter))) {
    const ofMeter = uses.filter((use) => use.meter === meter);
    const refused: UseResult | null = unknown === null ? null : refusedLike(unknown, meter);
    const recorded: readonly UseResult[] = refused === null ? await gatherUsage(ofMeter) : ofMeter.map(() => refused);
    for (const [index, use] of ofMeter.entries()) {
      const result = recorded[index];
      if (result === undefined) continue;
      results.set(use, result);
      if (!knowsMeter(result, meter)) unknown ??= result;
    }
  }
  return uses.flatMap((use) => {
    const result = results.get(use);
    return result === undefined ? [] : [{ usageId: use.usage.usageId, meter: use.meter, ...result }];
  });
};

/** Returns the result of this meter after that of a meter that the license never had; null when it had this one. */
const refusedLike = (unknown: UseResult, meter: string): UseResult | null => {
  const { refusal, after } = unknown;
  if (knowsMeter(unknown, meter)) return null;
  if (after === null || refusal?.rejected !== 'LIMIT_INVALID') return unknown;
  return { refusal: noSuchMeter(after.facts, meter), after };
};

const knowsMeter = ({ after }: UseResult, meter: string): boolean =>
  after !== null && (hasMeter(after.facts, meter) || hasCounted(after.facts, meter));
