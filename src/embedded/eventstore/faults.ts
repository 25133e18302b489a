import { setTimeout as delay } from 'node:timers/promises';
import type { status } from '@grpc/grpc-js';
import type { AppendResult } from './events.ts';
import { type Exception, Refusal, unavailable } from './refusal.ts';

type RefuseWith = {
  readonly code: status;
  readonly details: string;
  readonly exception?: Exception;
  readonly trailers?: Record<string, string>;
};

/** What a test may make the server do wrong, changed at any time. Reachable in-process and over IPC only, never by a client. */
export type Faults = {
  /** So many of the next appends are written and their replies lost. */
  dropReplies: number;
  /** Asked once for every written append, besides `dropReplies`: true loses the reply. */
  dropReply: (() => boolean) | undefined;
  /** A lost reply never comes, until the caller's deadline; or the call fails with UNAVAILABLE. */
  droppedReply: 'hang' | 'unavailable';
  /** Every reply to a written append waits this long. */
  replyDelayMs: number;
  refuseAppends: RefuseWith | undefined;
  /** Reads and new subscriptions. */
  refuseReads: RefuseWith | undefined;
  /** A read that has sent everything ends so much later. */
  readEndDelayMs: number;
  /** Subscriptions stay open and send nothing. Set to false they go on at the next commit, with nothing left out. */
  subscriptionsHang: boolean;
  /** The server's own: how many reads were cancelled before they ended. */
  cancelledReads: number;
  /** The server's own: how each open subscription is ended with OK. */
  readonly openSubscriptions: Set<() => void>;
};

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

/** Ends every open subscription as a server would that closes them politely: with status OK. */
export const endSubscriptions = ({ openSubscriptions }: Faults): void => {
  for (const end of [...openSubscriptions]) end();
};

export const refuse = (refusal: RefuseWith | undefined): void => {
  if (refusal) throw new Refusal(refusal.code, refusal.details, refusal.exception, refusal.trailers);
};

/** The result as the caller gets to see it; undefined: never answer. */
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
