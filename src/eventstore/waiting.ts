import type { Rejection } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { Actor, Reason } from './envelope.ts';
import type { Position, Recorded } from './event-store.ts';

/** Who sends a command and why, besides what it asks for. `requestHash`: equal for equal requests. */
export type CommandContext = {
  readonly commandId: string;
  readonly requestHash: string;
  readonly actor: Actor;
  /** `text` is a reference into `vault`. */
  readonly reason: Reason | null;
  readonly correlationId: string;
  readonly causationId: string | null;
  /** The revision that the stream must be at for the command to be carried out; null or absent: any. */
  readonly expectedRevision?: bigint | null;
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

/** Refusals of the write path itself, besides those of the decider. */
export type ExecuteRejection = 'CONCURRENT_MODIFICATION' | 'IDEMPOTENCY_KEY_REUSED' | 'REVISION_MISMATCH';

/** A command that waits for its turn, and how its caller is answered: in exactly one of the ways below. */
export type Waiting<Event, State> = {
  readonly at: Instant;
  readonly context: CommandContext;
  /** The events that follow from the state, or how to tell the caller that the command is refused. */
  readonly decide: (state: State) => readonly Event[] | (() => void);
  /** Takes what the caller wants to see of the state right after the command; decided again, it is taken again. */
  readonly look: (state: State) => (happened: Happened) => void;
  readonly refuse: (rejection: Rejection<ExecuteRejection>) => void;
  readonly fail: (error: unknown) => void;
};
