import type { EventIds, Rejection } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor, Reason } from '../envelope.ts';
import type { Position, Recorded } from '../event-store.ts';

/** Who sends a command, when and why, besides what it asks for. */
export type CommandContext = {
  /** The server's clock, read once per command. */
  readonly at: Instant;
  readonly commandId: string;
  /** Equal for equal requests; stored with the events. */
  readonly requestHash: string;
  /** Further hashes that the same request may have been stored with before. */
  readonly earlierRequestHashes?: readonly string[];
  readonly actor: Actor;
  /** `text` is a reference into `vault`. */
  readonly reason: Reason | null;
  readonly correlationId: string;
  readonly causationId: string | null;
  /** The revision that the stream must be at for the command to be carried out; null or absent: any. */
  readonly expectedRevision?: bigint | null;
  /**
   * Present when an earlier attempt at this very command may have stored it, at this instant or later. The stream is
   * then searched for the command id, however long ago that was.
   */
  readonly attemptedSince?: Instant;
};

/**
 * Returns the context of a command. Absent fields get the values of a command that the program sends by itself: its own
 * correlation, no cause, no reason.
 */
export const commandContext = (
  given: Pick<CommandContext, 'at' | 'commandId' | 'requestHash' | 'actor'> & Partial<CommandContext>,
): CommandContext => ({ reason: null, correlationId: given.commandId, causationId: null, ...given });

/** What a decision is made with, besides the state. */
export type Moment = {
  /** The later of the command's instant and the recording of the stream's last event. */
  readonly at: Instant;
  readonly eventIds: EventIds;
};

/**
 * What became of an accepted command: its events are stored now (`appended`), were stored before under the same command
 * id (`repeated`), or there was nothing to do (`unchanged`).
 */
export type Happened = {
  readonly outcome: 'appended' | 'unchanged' | 'repeated';
  readonly events: readonly Recorded[];
  /** Of the command's last event; of the stream when nothing changed. */
  readonly revision: bigint;
  /** A read model that has reached this position contains the command. */
  readonly position: Position;
};

/** Refusals of the write path itself, besides those of the decision. */
export type ExecuteRejection = 'CONCURRENT_MODIFICATION' | 'IDEMPOTENCY_KEY_REUSED' | 'REVISION_MISMATCH';

/** What waits for its turn on a stream. */
export type Waiting<Event, State> = WaitingCommand<Event, State> | WaitingRead<State>;

/** A command that waits for its turn, and how its caller is answered: in exactly one of the ways below. */
export type WaitingCommand<Event, State> = {
  readonly kind: 'command';
  readonly context: CommandContext;
  /** The events that follow from the state, or how to tell the caller that the command is refused. */
  readonly decide: (state: State, moment: Moment) => readonly Event[] | (() => void);
  /** Takes what the caller wants to see of the state right after the command; decided again, it is taken again. */
  readonly view: (state: State) => (happened: Happened) => void;
  readonly refuse: (rejection: Rejection<ExecuteRejection>) => void;
  readonly fail: (error: unknown) => void;
};

/** A read that waits for its turn. */
export type WaitingRead<State> = {
  readonly kind: 'read';
  /** Takes what the caller wants to see of the current state. */
  readonly view: (state: State, revision: bigint) => () => void;
  readonly fail: (error: unknown) => void;
};
