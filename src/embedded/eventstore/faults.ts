import { setTimeout as delay } from 'node:timers/promises';
import type { status } from '@grpc/grpc-js';
import type { AppendResult } from './events.ts';
import { type Exception, Refusal, unavailable } from './grpc-refusal.ts';

type RefuseWith = {
  readonly code: status;
  readonly details: string;
  readonly exception?: Exception;
  readonly trailers?: Record<string, string>;
};

/** The faults that a test can cause at any time, in the same process or over IPC. No client can cause them. */
export type Faults = {
  /** The number of next appends that are written but get no reply. */
  dropReplies: number;
  /** Is called for every other written append. When it returns true, the reply is lost. */
  dropReply: (() => boolean) | undefined;
  /** `hang`: a lost reply never comes. `unavailable`: the call fails with UNAVAILABLE instead. */
  droppedReply: 'hang' | 'unavailable';
  /** How long every reply to a written append waits. */
  replyDelayMs: number;
  refuseAppends: RefuseWith | undefined;
  /** Applies to reads and new subscriptions. */
  refuseReads: RefuseWith | undefined;
  /** How long a read stays open after its last event. */
  readEndDelayMs: number;
  /**
   * Subscriptions stay open and send nothing. After this becomes false, they go on at the next commit without a gap.
   */
  subscriptionsHang: boolean;
  /** Set by the server: how many reads were cancelled before they ended. */
  cancelledReads: number;
  /** Set by the server: functions that end the open subscriptions with OK. */
  readonly openSubscriptions: Set<() => void>;
};

/** Returns faults that cause nothing. */
export const noFaults = (): Faults => ({
  dropReplies: 0,
  dropReply: undefined,
  droppedReply: 'hang',
  replyDelayMs: 0,
  refuseAppends: undefined,
  refuseReads: undefined,
  readEndDelayMs: 0,
  cancelledReads: 0,
  subscriptionsHang: false,
  openSubscriptions: new Set(),
});

/** Ends every open subscription with status OK, as a server does that shuts down in order. */
export const endSubscriptions = ({ openSubscriptions }: Faults): void => {
  for (const end of [...openSubscriptions]) end();
};

/** Throws the refusal that a test has set, if any. */
export const refuse = (refusal: RefuseWith | undefined): void => {
  if (refusal) throw new Refusal(refusal.code, refusal.details, refusal.exception, refusal.trailers);
};

/** Returns the result for the caller after the faults; undefined when the caller must get no answer. */
export const faultyReply = async (faults: Faults, result: AppendResult): Promise<AppendResult | undefined> => {
  if (result.outcome !== 'written') return result;
  if (isDropped(faults)) {
    if (faults.droppedReply === 'hang') return undefined;
    throw unavailable('The connection was lost');
  }
  if (faults.replyDelayMs > 0) await delay(faults.replyDelayMs);
  return result;
};

const isDropped = (faults: Faults): boolean => {
  if (faults.dropReplies > 0) {
    faults.dropReplies -= 1;
    return true;
  }
  return faults.dropReply?.() ?? false;
};
