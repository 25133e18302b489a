import type { EventIds, Rejection } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor, Reason } from '../envelope.ts';
import type { Position, Recorded } from '../event-store.ts';
import type { Deadline } from './deadline.ts';

/** Who sends a command, when and why. */
export type CommandContext = {
  /** The server's clock, read once per command. */
  readonly at: Instant;
  readonly commandId: string;
  /** Equal for equal requests. It is stored with the events. */
  readonly requestHash: string;
  /** Other hashes that an earlier attempt at the same request may have stored. */
  readonly earlierRequestHashes?: readonly string[];
  readonly actor: Actor;
  /** `text` is a reference into `vault`. */
  readonly reason: Reason | null;
  readonly correlationId: string;
  readonly causationId: string | null;
  /** The command is carried out only when the stream is at this revision. Null or absent: at any revision. */
  readonly expectedRevision?: bigint | null;
  /**
   * Present when an earlier attempt may have stored this command at this instant or later. The executor then searches
   * the stream for the command id, however long ago that was.
   */
  readonly attemptedSince?: Instant;
};

/**
 * Returns the context of a command. Absent fields get the values of a command that the program sends by itself: its own
 * correlation, no cause, no reason.
 */
export const commandContext = (
  fields: Pick<CommandContext, 'at' | 'commandId' | 'requestHash' | 'actor'> & Partial<CommandContext>,
): CommandContext => ({ reason: null, correlationId: fields.commandId, causationId: null, ...fields });

/** The instant and the event ids of one decision. */
export type Moment = {
  /** The later of two instants: the command's own, and when the stream's last event was recorded. */
  readonly at: Instant;
  readonly eventIds: EventIds;
};

/**
 * The result of an accepted command. `appended`: its events are stored now. `repeated`: they were stored before, under
 * the same command id. `unchanged`: there was nothing to do.
 */
export type CommandResult = {
  readonly outcome: 'appended' | 'unchanged' | 'repeated';
  readonly events: readonly Recorded[];
  /** The revision of the command's last event, or of the stream when nothing changed. */
  readonly revision: bigint;
  /** A read model that has reached this position contains the command. */
  readonly position: Position;
};

/** The refusals of the executor itself. A decision has refusals of its own. */
export type ExecuteRejection = 'CONCURRENT_MODIFICATION' | 'IDEMPOTENCY_KEY_REUSED' | 'REVISION_MISMATCH';

/** A command or a read that waits for its turn on a stream. */
export type Waiting<Event, State> = WaitingCommand<Event, State> | WaitingRead<State>;

/** A command that waits for its turn. Its caller gets exactly one of the answers below. */
export type WaitingCommand<Event, State> = {
  readonly kind: 'command';
  readonly deadline: Deadline;
  readonly context: CommandContext;
  /** Returns the events that follow from the state, or a function that tells the caller about the refusal. */
  readonly decide: (state: State, moment: Moment) => readonly Event[] | (() => void);
  /** Reads the caller's view of the state right after the command. Every new decision reads it again. */
  readonly view: (state: State) => (result: CommandResult) => void;
  readonly refuse: (rejection: Rejection<ExecuteRejection>) => void;
  readonly fail: (error: unknown) => void;
};

/** A read that waits for its turn. */
export type WaitingRead<State> = {
  readonly kind: 'read';
  readonly deadline: Deadline;
  /** Reads the caller's view of the current state. */
  readonly view: (state: State, revision: bigint) => () => void;
  readonly fail: (error: unknown) => void;
};
