import { type Retention, readRetention } from '../../eventstore/retention.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import type { Parts } from '../server/process-parts.ts';

type Needs = Pick<Parts, 'onStop'> & {
  /** How long to read at most. Ten minutes by default. */
  readonly timeoutMs?: number;
  readonly servers: Pick<Parts['servers'], 'embedded' | 'eventStoreUrl'>;
  readonly store: Pick<Parts['store'], 'follow'>;
  readonly log: Pick<Parts['log'], 'error' | 'warn'>;
};

// A scan of a log with 100 million events takes minutes. It is repeated at the next start.
const scanMs = 10 * 60_000;

/**
 * Reads from a configured event store whether our streams are limited, closed or deleted, and logs an error for each.
 * The start does not wait for it. The embedded event store refuses all of that.
 */
export const startRetentionCheck = ({ servers, store, log, onStop, timeoutMs = scanMs }: Needs): void => {
  if (servers.embedded) return;
  const ending = new AbortController();
  const checked = readRetention(store, servers.eventStoreUrl, {
    ...{ streamPrefixes, timeoutMs, signal: ending.signal },
  }).then(
    (retention) => {
      for (const fault of retentionFaults(retention)) log.error({}, `${fault.detail} ${fault.action}`);
      if (!retention.isComplete && !ending.signal.aborted)
        log.warn({}, 'Not all streams could be checked for retention in time. Check $all and our streams yourself.');
    },
    (error: unknown) => {
      if (!ending.signal.aborted) log.warn({ err: error }, 'Whether our streams have retention could not be read.');
    },
  );
  onStop(() => {
    ending.abort();
    return checked;
  });
};

/** What is wrong with a stream, and what to do. */
export type RetentionFault = { readonly detail: string; readonly action: string };

/** Returns what is wrong with the streams, one sentence each. */
export const retentionFaults = ({ limited, closed, tombstoned }: Retention): readonly RetentionFault[] => [
  ...limited.map((stream) => ({
    detail: `${stream} lets the event store delete or hide events.`,
    action: 'Remove $maxAge, $maxCount and $tb from it.',
  })),
  ...closed.map((stream) =>
    stream === '$settings'
      ? { detail: 'The event store restricts access to all streams.', action: 'Remove $userStreamAcl from $settings.' }
      : { detail: `${stream} restricts access by an $acl.`, action: 'Remove $acl from it, or admit our login to it.' },
  ),
  ...tombstoned.map((stream) => ({
    detail: `${stream} has a tombstone and can no longer be read or written.`,
    action: 'Restore the event store from a backup.',
  })),
];
