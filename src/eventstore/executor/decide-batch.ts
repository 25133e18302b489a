import type { Rejection } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/time.ts';
import { hashOf, linkToChain } from '../chain/chain.ts';
import { AppendTooLarge, type Proposed } from '../event-store.ts';
import type { Accepted, DomainEvent, Folded, Folding, Owners } from '../folding.ts';
import { widenBy } from '../snapshots/since.ts';
import { type Upcasters, versionOf } from '../upcast.ts';
import { eventId } from '../uuids.ts';
import { withFollower } from '../whole-commands.ts';
import { asRecorded } from './folded.ts';
import { ledgerActor } from './system-context.ts';
import type { CommandContext, CommandResult, Waiting, WaitingCommand } from './waiting.ts';

/** What was decided for one entry. It counts only when the batch is stored, or when the state was fresh. */
export type Outcome =
  /** The batch contains its events. `repeated`: they belong to an earlier command of the batch with the same id. */
  | { readonly kind: 'in_batch'; readonly repeated: boolean; readonly accepted: Accepted; readonly answer: Answer }
  /** The stream accepted the command id before. */
  | {
      readonly kind: 'stored';
      readonly accepted: Accepted;
      readonly answer: Answer;
      readonly fail: (error: unknown) => void;
    }
  | { readonly kind: 'unchanged'; readonly revision: bigint; readonly answer: Answer }
  | { readonly kind: 'rejected'; readonly answer: () => void }
  | { readonly kind: 'read'; readonly answer: () => void }
  /** The command threw an error: a bug, or an event that cannot be stored. */
  | { readonly kind: 'failed'; readonly answer: () => void };

/** The result of deciding entries one after the other. `after`: the stream when `events` are stored. */
export type Plan<State> = {
  readonly events: readonly Proposed[];
  readonly outcomes: readonly Outcome[];
  readonly after: Folded<State>;
  /** The commands with events in the batch, by command id. */
  readonly accepted: ReadonlyMap<string, Accepted>;
};

/** The values that all decisions of a batch share. */
export type Deciding<Event, State> = {
  /** Returns a nonce for one decision. */
  readonly newNonce: () => string;
  /** Commands, by command id, that a search of the stream has found and that are no longer remembered. */
  readonly attempted: ReadonlyMap<string, Accepted>;
  /** Entries that fail, with their error. They are not decided again. */
  readonly failures: Map<Waiting<Event, State>, unknown>;
};

/**
 * Decides the waiting entries one after the other on a copy of the state, as many as fit into one append (at least
 * one). The stream's own state does not change. Never throws: a command that throws fails alone.
 */
export const decideBatch = <Event extends DomainEvent, State>(
  folding: Folding<Event, State>,
  { stream, ...folded }: Folded<State> & { readonly stream: string },
  batch: readonly Waiting<Event, State>[],
  deciding: Deciding<Event, State>,
): Plan<State> => {
  for (;;) {
    const draft: Draft<State> = { ...folded, stream, accepted: new Map(), events: [], bytes: 0 };
    const outcomes = decideAll(folding, draft, batch, deciding);
    // A command that throws may have changed the copy. Decide again without it.
    if (outcomes === null) continue;

    const { state, nextRevision, hash, recordedAt, events, accepted } = draft;
    const eventId = events.at(-1)?.id ?? folded.eventId;
    const since = widenBy(folded.since, events);
    return { events, outcomes, accepted, after: { ...folded, state, nextRevision, eventId, hash, recordedAt, since } };
  }
};

type Answer = (result: CommandResult) => void;

/** The stream after the events that were decided so far. `state` becomes a copy with the first event. */
type Draft<State> = {
  -readonly [Field in 'state' | 'nextRevision' | 'hash' | 'recordedAt']: Folded<State>[Field];
} & {
  readonly stream: string;
  readonly commands: ReadonlyMap<string, Accepted>;
  readonly accepted: Map<string, Accepted>;
  readonly events: Proposed[];
  bytes: number;
};

const decideAll = <Event extends DomainEvent, State>(
  folding: Folding<Event, State>,
  draft: Draft<State>,
  batch: readonly Waiting<Event, State>[],
  deciding: Deciding<Event, State>,
): Outcome[] | null => {
  const { failures } = deciding;
  const outcomes: Outcome[] = [];
  for (const waiting of batch) {
    if (failures.has(waiting)) {
      outcomes.push({ kind: 'failed', answer: () => waiting.fail(failures.get(waiting)) });
      continue;
    }
    try {
      const outcome =
        waiting.kind === 'read'
          ? ({ kind: 'read', answer: waiting.view(draft.state, draft.nextRevision - 1n) } as const)
          : decideOne(folding, draft, waiting, deciding);
      if (outcome === 'batch_full') break;
      outcomes.push(outcome);
    } catch (error) {
      failures.set(waiting, error);
      return null;
    }
  }
  return outcomes;
};

const decideOne = <Event extends DomainEvent, State>(
  folding: Folding<Event, State>,
  draft: Draft<State>,
  waiting: WaitingCommand<Event, State>,
  { newNonce, attempted }: Deciding<Event, State>,
): Outcome | 'batch_full' => {
  const { context, decide, view, refuse } = waiting;
  const repeated = repeatOf(draft, waiting, attempted);
  if (repeated !== null) return repeated;

  // Clocks differ between machines and can be set back. Within a stream, time never goes back.
  const at = context.at > draft.recordedAt ? context.at : draft.recordedAt;
  const nonce = newNonce();
  const idOf = (index: number) => eventId(context.commandId, nonce, index);
  const decision = decide(draft.state, { at, eventIds: (index) => encodeId('evt', idOf(index)) });
  if (typeof decision === 'function') return { kind: 'rejected', answer: decision };
  // Only after the decision, because the decision may refuse a caller who must not learn anything about the aggregate.
  const { expectedRevision = null } = context;
  if (expectedRevision !== null && expectedRevision !== draft.nextRevision - 1n) {
    return { kind: 'rejected', answer: () => refuse(revisionMismatch(draft.nextRevision - 1n, expectedRevision)) };
  }
  if (decision.length === 0) {
    if (draft.nextRevision === 0n)
      throw new Error(`A command changed nothing on ${draft.stream}, which has no event yet.`);
    return { kind: 'unchanged', revision: draft.nextRevision - 1n, answer: view(draft.state) };
  }

  const bytes = decision.length * envelopeBytes + Buffer.byteLength(JSON.stringify(decision));
  if (bytes > decisionBytesMax) throw tooLarge(draft.stream, bytes);
  if (draft.events.length > 0 && draft.bytes + bytes > batchBytesMax) return 'batch_full';

  const proposed = apply(folding, draft, decision, { context, recordedAt: at });
  const events = proposed.map((event, index) => ({ id: idOf(index), ...event }));
  const accepted = addToDraft(folding, draft, events, { context, recordedAt: at });
  draft.bytes += bytes;
  return { kind: 'in_batch', repeated: false, accepted, answer: view(draft.state) };
};

/** Returns the outcome of a command id that the stream or this batch has accepted before; else null. */
const repeatOf = <Event, State>(
  draft: Draft<State>,
  { context, view, refuse, fail }: WaitingCommand<Event, State>,
  attempted: ReadonlyMap<string, Accepted>,
): Outcome | null => {
  const inBatch = draft.accepted.get(context.commandId);
  const accepted = inBatch ?? draft.commands.get(context.commandId) ?? attempted.get(context.commandId);
  if (accepted === undefined) return null;
  if (!isSameRequest(context, accepted)) return { kind: 'rejected', answer: () => refuse(keyReused) };
  const answer = view(draft.state);
  return inBatch === undefined
    ? { kind: 'stored', accepted, answer, fail }
    : { kind: 'in_batch', repeated: true, accepted, answer };
};

/** Links the events of a command to the draft's chain and adds them. Throws when they could not be read back. */
const addToDraft = <Event extends DomainEvent, State>(
  folding: Folding<Event, State>,
  draft: Draft<State>,
  events: readonly Proposed[],
  { context, recordedAt }: Decided,
): Accepted => {
  const linked = linkToChain(events, draft);
  for (const recorded of asRecorded(linked, draft.stream, draft.nextRevision, unknownPosition))
    folding.decode(recorded);

  const first = draft.nextRevision;
  const last = first + BigInt(linked.length) - 1n;
  const accepted = { requestHash: context.requestHash, first, last, recordedAt };
  draft.accepted.set(context.commandId, accepted);
  draft.events.push(...linked);
  draft.nextRevision = last + 1n;
  draft.hash = linked.map(hashOf).at(-1) ?? draft.hash;
  draft.recordedAt = recordedAt;
  return accepted;
};

/** The command of a decision, and when its events are recorded. */
type Decided = { readonly context: CommandContext; readonly recordedAt: Instant };

const isSameRequest = ({ requestHash, earlierRequestHashes = [] }: CommandContext, accepted: Accepted): boolean =>
  accepted.requestHash === requestHash || earlierRequestHashes.includes(accepted.requestHash);

/** Evolves the draft's state by the events of a decision. Returns the events with their envelopes. */
const apply = <Event extends DomainEvent, State>(
  { decider, owners, earlierOwners, upcasters = noUpcasters }: Folding<Event, State>,
  draft: Draft<State>,
  decision: readonly Event[],
  { context, recordedAt }: Decided,
): Omit<Proposed, 'id'>[] => {
  // The batch may not be stored in the end, so the cached state must not change.
  if (draft.events.length === 0) draft.state = decider.fork(draft.state);
  return decision.map((event, index) => {
    const { type, data, effectiveAt = recordedAt, byLedger = false } = event;
    const earlier = earlierOwners?.(draft.state, event) ?? null;
    draft.state = decider.evolve(draft.state, event, { recordedAt, effectiveAt });
    const instants = { effectiveAt, recordedAt };
    // What fell due before the command has the actor SYSTEM. The command id and the request hash stay, so that a
    // repeated request finds the whole append.
    const sender = byLedger ? { ...context, actor: ledgerActor, reason: null } : context;
    return {
      type,
      data,
      metadata: withFollower(
        envelope(versionOf(type, upcasters), sender, earlier ?? owners(draft.state), instants),
        index === decision.length - 1,
      ),
    };
  });
};

const envelope = (
  schemaVersion: number,
  { commandId, requestHash, actor, reason, correlationId, causationId }: CommandContext,
  { issuerOrgId, holderOrgId }: Owners,
  { effectiveAt, recordedAt }: { readonly effectiveAt: Instant; readonly recordedAt: Instant },
): Proposed['metadata'] => ({
  schemaVersion,
  issuerOrgId,
  holderOrgId,
  effectiveAt,
  recordedAt,
  actor,
  reason,
  commandId,
  requestHash,
  $correlationId: correlationId,
  $causationId: causationId,
});

const noUpcasters: Upcasters = new Map();

/** Well below the 1 MiB that a server takes in one append. */
const batchBytesMax = 500_000;

/** The most bytes of one decision. A server refuses more. */
const decisionBytesMax = 1_000_000;

/** The most bytes that metadata, id and type of one event take, roughly. */
const envelopeBytes = 1_200;

const unknownPosition = { commit: 0n, prepare: 0n };

const tooLarge = (stream: string, bytes: number): AppendTooLarge =>
  new AppendTooLarge(
    `A command on ${stream} comes to ${bytes} bytes of events; one may come to ${decisionBytesMax}. Ask for less at once.`,
  );

const revisionMismatch = (actual: bigint, expected: bigint): Rejection<'REVISION_MISMATCH'> => ({
  rejected: 'REVISION_MISMATCH',
  detail:
    actual < 0n
      ? `Revision ${expected} was asked for, and there is nothing yet.`
      : `Revision ${expected} was asked for; it is at revision ${actual} now. Read it again.`,
});

/**
 * The refusal of an idempotency key that belongs to another request. src/application/idempotent-attempt.ts uses it too.
 */
export const keyReused: Rejection<'IDEMPOTENCY_KEY_REUSED'> = {
  rejected: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'This Idempotency-Key was used with another request. Use a new one.',
};
