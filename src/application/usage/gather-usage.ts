import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { createPacedBatches } from '../../async/paced-batches.ts';
import { isRejection } from '../../domain/decider.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { LicenseEvent } from '../../domain/license/events.ts';
import type { License, LicenseFacts } from '../../domain/license/license.ts';
import { settledAt } from '../../domain/license/settle.ts';
import { usageOutcomes } from '../../domain/license/usage/decide-usage.ts';
import type { UsageOutcome } from '../../domain/license/usage/judge-usage.ts';
import type { EarlierUses, SentUsage } from '../../domain/license/usage/usage-commands.ts';
import { toMs } from '../../domain/time.ts';
import { commandContext, type Moment } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { newCommandId } from '../../eventstore/uuids.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { earlierUses } from '../../projections/tables/usage/usage-ids.ts';
import type { ClientRequest, UsedLicense } from '../client-license.ts';
import { type CommandNeeds, issuedFacts, refuseSender } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/** One use of a meter that a request sends. */
export type UseOfRequest = {
  readonly request: Pick<ClientRequest, 'call' | 'attempt' | 'actor' | 'by'>;
  readonly license: Pick<LicenseFacts, 'licenseId' | 'issuerOrgId'>;
  readonly meter: string;
  readonly usage: SentUsage;
};

/**
 * Records uses that have the license, the meter and the actor in common. Returns the result of each. At most one event a
 * second stores those of one process.
 */
export type UsageGathering = (uses: readonly UseOfRequest[]) => Promise<readonly (UsedLicense | Refusal)[]>;

/** Starts gathering usage in this process. It needs no closing. */
export const createUsageGathering = (needs: CommandNeeds): UsageGathering => {
  const gather = createPacedBatches<UseOfRequest, UsedLicense | Refusal>({
    work: (uses) => recordBatch(needs, uses),
    fitting: fittingUses,
    nowMs: () => toMs(needs.now()),
    everyMs: 1_000,
    waitingMax: 20_000,
  });
  return async (uses) => {
    const [first] = uses;
    if (first === undefined) return [];
    const { license, meter, request } = first;
    const { type, id, onBehalfOf } = request.actor;
    return gather(JSON.stringify([license.licenseId, meter, type, id, onBehalfOf]), uses);
  };
};

/** The most bytes of the entries of one event, so that it has at most 200 kB with everything else. */
const entriesBytesMax = 190_000;

/** Returns how many uses fit into one event, at least one. */
export const fittingUses = (uses: readonly Pick<UseOfRequest, 'usage'>[]): number => {
  let bytes = 0;
  for (const [index, { usage }] of uses.entries()) {
    const { usageId, quantity, occurredAt, commandId } = usage;
    // The comma between two entries counts, too.
    bytes += Buffer.byteLength(JSON.stringify({ usageId, quantity, occurredAt, commandId })) + 1;
    if (bytes > entriesBytesMax) return Math.max(1, index);
  }
  return uses.length;
};

type Batch = { readonly results: readonly (UsedLicense | Refusal)[]; readonly isPaced: boolean };

/** Records a batch with one command. Every use keeps its own sender, command id and outcome. */
const recordBatch = async ({ executor, pool, now }: CommandNeeds, uses: readonly UseOfRequest[]): Promise<Batch> => {
  const [first] = uses;
  if (first === undefined) return { results: [], isPaced: false };
  const { request, license, meter } = first;
  const { licenseId, issuerOrgId } = license;
  // Before the command: nobody may wait for Postgres between the decision and the append.
  const usageIds = [...new Set(uses.map(({ usage }) => usage.usageId))];
  const earlier = await asTenant(pool, issuerOrgId, (db) => earlierUses(db, { licenseId, meter, usageIds }));
  const at = now();
  const context = commandContext({
    at,
    commandId: newCommandId(),
    requestHash: request.attempt.requestHash,
    actor: request.actor,
    correlationId: request.call.correlationId,
    causationId: request.call.requestId,
  });
  let outcomes: readonly Outcome[] = [];
  const sent = await executor.execute(
    licenseAggregate,
    licenseId,
    (state: License, moment) => {
      const decided = decideUses(uses, earlier, state, moment);
      outcomes = decided.outcomes;
      return decided.decision;
    },
    { context, view: (state) => ({ facts: issuedFacts(settledAt(state, at)), outcomes }) },
  );
  if ('refused' in sent) return { results: sent.refused, isPaced: false };
  if ('rejected' in sent) return { results: uses.map(() => sent), isPaced: false };
  const { revision, position, outcome, view } = sent;
  const used = { facts: view.facts, revision, position: position.commit };
  return {
    results: view.outcomes.map((one) => (typeof one === 'string' ? { ...used, changed: one !== 'KNOWN' } : one)),
    isPaced: outcome === 'appended',
  };
};

type Outcome = UsageOutcome | Refusal;

type AllRefused = { readonly refused: readonly Refusal[] };

/** Decides the uses that their sender may send. When all are refused, the decision is the list of refusals. */
const decideUses = (
  uses: readonly UseOfRequest[],
  earlier: EarlierUses,
  state: License,
  moment: Moment,
): { readonly outcomes: readonly Outcome[]; readonly decision: readonly LicenseEvent[] | AllRefused } => {
  const refusals = sendersRefused(uses, state, moment);
  const admitted = uses.filter(({ request }) => refusals.get(request) === null);
  const { meter } = uses[0] ?? { meter: '' };
  const entries = admitted.map(({ usage }) => usage);
  const command: CommandOf<'RecordUsage'> = { type: 'RecordUsage', at: moment.at, data: { meter, entries, earlier } };
  const decision = entries.length === 0 ? [] : toDecide(licenseAggregate, command)(state, moment);
  const judged = isRejection(decision) && isFinal(state) ? entries.map(() => decision) : outcomesOf(command, state);
  const byUse = new Map(admitted.map((use, index) => [use, judged[index]]));
  const outcomes = uses.map((use): Outcome => refusals.get(use.request) ?? byUse.get(use) ?? 'KNOWN');
  const refused = outcomes.filter((outcome) => typeof outcome !== 'string');
  if (!isRejection(decision)) return { outcomes, decision: refused.length === uses.length ? { refused } : decision };
  if (refused.length < uses.length) throw new Error('Usage was refused as a whole, and not each use of it.');
  return { outcomes, decision: { refused } };
};

const isFinal = (state: License): boolean => state.kind === 'unissued' || state.facts.revokedAt !== null;

const outcomesOf = (command: CommandOf<'RecordUsage'>, state: License): readonly UsageOutcome[] =>
  state.kind === 'unissued' ? [] : usageOutcomes(command, state);

/** Returns the refusal of each request's sender; null: the sender may use the license. */
const sendersRefused = (
  uses: readonly UseOfRequest[],
  state: License,
  { at }: Moment,
): ReadonlyMap<UseOfRequest['request'], Refusal | null> => {
  const refusals = new Map<UseOfRequest['request'], Refusal | null>();
  const bySender = new Map<string, Refusal | null>();
  for (const { request } of uses) {
    if (refusals.has(request)) continue;
    const sender = JSON.stringify(request.by);
    if (!bySender.has(sender)) bySender.set(sender, refuseSender({ by: request.by, power: 'useLicenses' }, state, at));
    refusals.set(request, bySender.get(sender) ?? null);
  }
  return refusals;
};
