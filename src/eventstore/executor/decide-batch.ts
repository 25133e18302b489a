import type { Rejection } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/time.ts';
import { hashOf, seal } from '../chain/chain.ts';
import { AppendTooLarge, type Proposed } from '../event-store.ts';
import type { Accepted, Fact, Folded, Folding, Owners } from '../folding.ts';
import { eventId } from '../ids.ts';
import { widenBy } from '../snapshots/since.ts';
import { type Upcasters, versionOf } from '../upcast.ts';
import { asRecorded } from './folded.ts';
import type { CommandContext, Happened, Waiting, WaitingCommand } from './waiting.ts';

/** What was decided for one entry. It is certain only once the batch is stored, or was decided on a fresh state. */
export type Outcome =
  /** Its events are part of the batch; `repeated`: those of an earlier command of the batch with the same id. */
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
  /** A bug, or an event that cannot be stored. */
  | { readonly kind: 'failed'; readonly answer: () => void };

/** Entries decided in turn, in their order; `after` is the stream once `events` are stored at its end. */
export type Plan<State> = {
  readonly events: readonly Proposed[];
  readonly outcomes: readonly Outcome[];
  readonly after: Folded<State>;
  /** By command id, of the commands whose events are in the batch. */
  readonly accepted: ReadonlyMap<string, Accepted>;
};

/** What a batch is decided with, besides the stream. */
export type Deciding<Event, State> = {
  /** Returns a nonce for one decision. */
  readonly newNonce: () => string;
  /** Commands, found by a search, that the stream accepted before those that it remembers. */
  readonly found: ReadonlyMap<string, Accepted>;
  /** Entries that are answered with a failure, whatever the state. */
  readonly failures: Map<Waiting<Event, State>, unknown>;
};

/**
 * Decides the waiting entries in turn on one copy of the state, as many as fit into one append (at least one); `folded`
 * stays as it is. Never throws: a command that cannot be handled fails alone.
 */
export const decideBatch = <Event extends Fact, State>(
  folding: Folding<Event, State>,
  { stream, ...folded }: Folded<State> & { readonly stream: string },
  batch: readonly Waiting<Event, State>[],
  deciding: Deciding<Event, State>,
): Plan<State> => {
  for (;;) {
    const draft: Draft<State> = { ...folded, stream, accepted: new Map(), events: [], bytes: 0 };
    const outcomes = decideAll(folding, draft, batch, deciding);
    // A failure may leave the copy half changed: begin again without that command.
    if (outcomes === null) continue;

    const { state, nextRevision, hash, recordedAt, events, accepted } = draft;
    const eventId = events.at(-1)?.id ?? folded.eventId;
    const since = widenBy(folded.since, events);
    return { events, outcomes, accepted, after: { ...folded, state, nextRevision, eventId, hash, recordedAt, since } };
  }
};

type Answer = (happened: Happened) => void;

/** The stream as it will be, while a batch is put together; `state` is a copy as soon as there is an event. */
type Draft<State> = {
  -readonly [Field in 'state' | 'nextRevision' | 'hash' | 'recordedAt']: Folded<State>[Field];
} & {
  readonly stream: string;
  readonly commands: ReadonlyMap<string, Accepted>;
  readonly accepted: Map<string, Accepted>;
  readonly events: Proposed[];
  bytes: number;
};

const decideAll = <Event extends Fact, State>(
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

const decideOne = <Event extends Fact, State>(
  folding: Folding<Event, State>,
  draft: Draft<State>,
  { context, decide, view, refuse, fail }: WaitingCommand<Event, State>,
  { newNonce, found }: Deciding<Event, State>,
): Outcome | 'batch_full' => {
  const { commandId } = context;
  const inBatch = draft.accepted.get(commandId);
  const known = inBatch ?? draft.commands.get(commandId) ?? found.get(commandId);
  if (known !== undefined) {
    if (!isSameRequest(context, known)) return { kind: 'rejected', answer: () => refuse(keyReused) };
    const answer = view(draft.state);
    return inBatch === undefined
      ? { kind: 'stored', accepted: known, answer, fail }
      : { kind: 'in_batch', repeated: true, accepted: known, answer };
  }

  // Clocks differ between machines and are set back: in a stream, time stands still then.
  const at = context.at > draft.recordedAt ? context.at : draft.recordedAt;
  const nonce = newNonce();
  const idOf = (index: number) => eventId(commandId, nonce, index);
  const decision = decide(draft.state, { at, eventIds: (index) => encodeId('evt', idOf(index)) });
  if (typeof decision === 'function') return { kind: 'rejected', answer: decision };
  // Only now: the decision may have said that this is none of the caller's business.
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
  const sealed = seal(
    proposed.map((event, index) => ({ id: idOf(index), ...event })),
    draft,
  );
  // What could not be read back must not be written.
  for (const recorded of asRecorded(sealed, draft.stream, draft.nextRevision, nowhere)) folding.decode(recorded);

  const first = draft.nextRevision;
  const last = first + BigInt(sealed.length) - 1n;
  const accepted = { requestHash: context.requestHash, first, last, recordedAt: at };
  draft.accepted.set(commandId, accepted);
  draft.events.push(...sealed);
  draft.bytes += bytes;
  draft.nextRevision = last + 1n;
  draft.hash = sealed.map(hashOf).at(-1) ?? draft.hash;
  draft.recordedAt = at;
  return { kind: 'in_batch', repeated: false, accepted, answer: view(draft.state) };
};

const isSameRequest = ({ requestHash, earlierRequestHashes = [] }: CommandContext, known: Accepted): boolean =>
  known.requestHash === requestHash || earlierRequestHashes.includes(known.requestHash);

/** Evolves the draft's state by a decision; returns the events with their envelopes. */
const apply = <Event extends Fact, State>(
  { decider, owners, earlierOwners, upcasters = noUpcasters }: Folding<Event, State>,
  draft: Draft<State>,
  decision: readonly Event[],
  { context, recordedAt }: { readonly context: CommandContext; readonly recordedAt: Instant },
): Omit<Proposed, 'id'>[] => {
  // The stored state must survive a batch that is not stored in the end.
  if (draft.events.length === 0) draft.state = decider.fork(draft.state);
  return decision.map((event) => {
    const { type, data, effectiveAt = recordedAt } = event;
    const earlier = earlierOwners?.(draft.state, event) ?? null;
    draft.state = decider.evolve(draft.state, event, { recordedAt, effectiveAt });
    const instants = { effectiveAt, recordedAt };
    return {
      type,
      data,
      metadata: envelope(versionOf(type, upcasters), context, earlier ?? owners(draft.state), instants),
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

/** The most that one decision may take: a server refuses more. */
const decisionBytesMax = 1_000_000;

/** What metadata, id and type of one event take at most, roughly. */
const envelopeBytes = 1_200;

const nowhere = { commit: 0n, prepare: 0n };

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

/** The refusal of an idempotency key that belongs to another request. */
export const keyReused: Rejection<'IDEMPOTENCY_KEY_REUSED'> = {
  rejected: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'This Idempotency-Key was used with another request. Use a new one.',
};
