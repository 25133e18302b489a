import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { createPacedBatches } from '../../async/paced-batches.ts';
import { isRejection } from '../../domain/decider.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { LicenseEvent } from '../../domain/license/events.ts';
import type { License, LicenseFacts } from '../../domain/license/license.ts';
import { noSuchLicense, refuseCorrecting } from '../../domain/license/license-authority.ts';
import { settledAt } from '../../domain/license/settle.ts';
import { usageOutcomes } from '../../domain/license/usage/decide-usage.ts';
import type { UsageOutcome } from '../../domain/license/usage/judge-usage.ts';
import type { EarlierUses, SentUsage } from '../../domain/license/usage/usage-commands.ts';
import { toMs } from '../../domain/time.ts';
import { commandContext, type Moment } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { newCommandId } from '../../eventstore/uuids.ts';
import { withinProductScope } from '../../postgres/product-scope.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { earlierUses } from '../../projections/tables/usage/usage-ids.ts';
import type { ClientRequest, UsedLicense } from '../client-license.ts';
import { type CommandNeeds, issuedFacts, refuseSender } from '../licenses/send-license-command.ts';
import type { Refusal } from '../refusal.ts';

/** A request about usage with its turn to work in this process, which it gives to others while it waits. */
export type UsageRequest = ClientRequest & {
  readonly turn: { readonly end: () => void; readonly resume: () => Promise<void> };
};

/** One use of a meter that a request sends. */
export type UseOfRequest = {
  readonly request: Pick<UsageRequest, 'call' | 'attempt' | 'actor' | 'by' | 'turn'>;
  readonly license: Pick<LicenseFacts, 'licenseId' | 'issuerOrgId'>;
  readonly meter: string;
  readonly usage: SentUsage;
};

/** What became of one use. `after`: the license afterwards; null: there is none, or the sender may not see it. */
export type UseResult =
  | { readonly refusal: null; readonly after: UsedLicense }
  | { readonly refusal: Refusal; readonly after: UsedLicense | null };

/**
 * Records uses that have the license, the meter and the actor in common. Returns the result of each. At most one batch a
 * second stores those of one process: one event, or more when corrections and usage alternate.
 */
export type UsageGathering = (uses: readonly UseOfRequest[]) => Promise<readonly UseResult[]>;

/** Starts gathering usage in this process. It needs no closing. Once `stopping` aborts, no usage waits for its second. */
export const createUsageGathering = (needs: CommandNeeds, stopping?: AbortSignal): UsageGathering => {
  const gather = createPacedBatches<UseOfRequest, UseResult>({
    work: (uses) => recordInTurn(needs, uses),
    fitting: fittingUses,
    nowMs: () => toMs(needs.now()),
    everyMs: 1_000,
    waitingMax: 20_000,
    stopping,
  });
  return async (uses) => {
    const [first] = uses;
    if (first === undefined) return [];
    const { license, meter, request } = first;
    const { type, id, onBehalfOf } = request.actor;
    // The wait for the batch is no work of this process.
    request.turn.end();
    const results = await gather(JSON.stringify([license.licenseId, meter, type, id, onBehalfOf]), uses);
    await request.turn.resume();
    return results;
  };
};

/** Records a batch in a turn of its first request, so that batches take no more of the process than other commands. */
const recordInTurn = async (needs: CommandNeeds, uses: readonly UseOfRequest[]): Promise<Batch> => {
  const turn = uses[0]?.request.turn;
  await turn?.resume();
  try {
    return await recordBatch(needs, uses);
  } finally {
    turn?.end();
  }
};

/** The most bytes of the entries of one event, so that it has at most 200 kB with everything else. */
const entriesBytesMax = 190_000;

/** The most bytes of what a stored correction says about the corrected usage and its period. */
const counterBytesMax = 260;

/** The most bytes of a stored event about usage without its entries. */
const eventBytesMax = 1_600;

/** The most bytes of the events of one batch. What falls due before takes up to `settledBytesMax` of the decision. */
const eventsBytesMax = 340_000;

/**
 * Returns how many uses fit into one batch, at least one. All may become one event when others are refused, and each
 * change between usage and corrections may begin another event.
 */
export const fittingUses = (uses: readonly UseOfRequest[]): number => {
  let [bytes, events] = [0, 0];
  let previous: 'USAGE' | 'CORRECTIONS' | null = null;
  for (const [index, { usage }] of uses.entries()) {
    const { usageId, quantity, occurredAt, commandId, corrects } = usage;
    // The comma between two entries counts, too.
    bytes += Buffer.byteLength(JSON.stringify({ usageId, quantity, occurredAt, commandId, corrects })) + 1;
    if (corrects !== undefined) bytes += counterBytesMax;
    const kind = corrects === undefined ? 'USAGE' : 'CORRECTIONS';
    if (kind !== previous) events += 1;
    previous = kind;
    if (bytes > entriesBytesMax || bytes + events * eventBytesMax > eventsBytesMax) return Math.max(1, index);
  }
  return uses.length;
};

type Batch = { readonly results: readonly UseResult[]; readonly pacedFromMs: number | null };

/** Records a batch with one command. Every use keeps its own sender, command id and outcome. */
const recordBatch = async (needs: CommandNeeds, uses: readonly UseOfRequest[]): Promise<Batch> => {
  const [first] = uses;
  if (first === undefined) return { results: [], pacedFromMs: null };
  const { request, license } = first;
  // Before the command: nobody may wait for Postgres between the decision and the append.
  const earlier = await readEarlier(needs, first, uses);
  const at = needs.now();
  const context = commandContext({
    at,
    commandId: newCommandId(),
    requestHash: request.attempt.requestHash,
    actor: request.actor,
    correlationId: request.call.correlationId,
    causationId: request.call.requestId,
  });
  // After a conflict the executor decides again. The last decision is the one that counts.
  let outcomes: readonly Outcome[] = [];
  const decide = (state: License, moment: Moment) => {
    const decided = decideUses(uses, earlier, state, moment);
    outcomes = decided.outcomes;
    return decided.decision;
  };
  const view = (state: License) => ({ facts: issuedFacts(settledAt(state, at)), outcomes });
  const sent = await needs.executor.execute(licenseAggregate, license.licenseId, decide, { context, view });
  if ('rejected' in sent) return { results: uses.map(() => ({ refusal: sent, after: null })), pacedFromMs: null };
  const { revision, position, outcome } = sent;
  const used = { facts: sent.view.facts, revision, position: position.commit };
  const results = sent.view.outcomes.map((one) => resultOf(one, used));
  return { results, pacedFromMs: outcome === 'appended' ? toMs(at) : null };
};

const readEarlier = (
  { pool }: CommandNeeds,
  { license: { issuerOrgId, licenseId }, meter }: UseOfRequest,
  uses: readonly UseOfRequest[],
): Promise<EarlierUses> => {
  const named = uses.flatMap(({ usage: { usageId, corrects } }) =>
    corrects === undefined ? [usageId] : [usageId, corrects],
  );
  const usageIds = [...new Set(named)];
  // The batch may run in the context of a request that is limited to products, and has uses of others.
  return withinProductScope(null, () =>
    asTenant(pool, issuerOrgId, (db) => earlierUses(db, { licenseId, meter, usageIds })),
  );
};

/** The outcome of a use. `isSeen`: its sender may see the license. */
type Outcome = { readonly outcome: UsageOutcome | Refusal; readonly isSeen: boolean };

const resultOf = ({ outcome, isSeen }: Outcome, used: Omit<UsedLicense, 'changed'>): UseResult => {
  if (typeof outcome === 'string') return { refusal: null, after: { ...used, changed: outcome !== 'KNOWN' } };
  return { refusal: outcome, after: isSeen ? { ...used, changed: false } : null };
};

/** Decides the uses that their sender may send. A decision without events leaves the license as it is. */
const decideUses = (
  uses: readonly UseOfRequest[],
  earlier: EarlierUses,
  state: License,
  moment: Moment,
): { readonly outcomes: readonly Outcome[]; readonly decision: readonly LicenseEvent[] | Refusal } => {
  if (state.kind === 'unissued') return { outcomes: [], decision: noSuchLicense };
  const refusals = sendersRefused(uses, state, moment);
  const refusalOf = ({ request, usage }: UseOfRequest): Refusal | null => {
    const refusal = refusals.get(request) ?? null;
    return refusal === null && usage.corrects !== undefined ? refuseCorrecting(state.facts, request.by) : refusal;
  };
  const admitted = uses.filter((use) => refusalOf(use) === null);
  const { meter } = uses[0] ?? { meter: '' };
  const entries = admitted.map(({ usage }) => usage);
  const command: CommandOf<'RecordUsage'> = { type: 'RecordUsage', at: moment.at, data: { meter, entries, earlier } };
  const decision = entries.length === 0 ? [] : toDecide(licenseAggregate, command)(state, moment);
  const isRevoked = isRejection(decision) && state.facts.revokedAt !== null;
  const judged = isRevoked ? entries.map(() => decision) : usageOutcomes(command, state);
  const byUse = new Map(admitted.map((use, index) => [use, judged[index]]));
  const outcomes = uses.map((use): Outcome => {
    const outcome = byUse.get(use);
    // Only a sender who may not use the license at all must not see it.
    const isSeen = refusals.get(use.request) === null;
    return { outcome: outcome ?? refusalOf(use) ?? noSuchLicense, isSeen };
  });
  return { outcomes, decision: isRejection(decision) ? [] : decision };
};

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
