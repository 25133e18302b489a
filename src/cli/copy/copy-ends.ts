import { compareLogs, contentOf, type LogComparison } from '../../eventstore/copy/compare-logs.ts';
import { copyLog, TargetDiffers } from '../../eventstore/copy/copy-log.ts';
import { lastOfPrefixes } from '../../eventstore/copy/last-of-prefixes.ts';
import { readLogState } from '../../eventstore/copy/log-state.ts';
import { type ConnectedStore, connectEventStore } from '../../eventstore/eventstoredb.ts';
import { connectLogReader, type LogReader } from '../../eventstore/read-log.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import { NothingToCheck, RefusedByPolicy } from '../exit-codes.ts';
import { type Progress, partOfLog } from '../progress.ts';

/** A store at one end of a copy. */
export type End = { readonly url: string; readonly store: ConnectedStore; readonly reader: LogReader };

/** The two stores of a copy, and where its progress is shown. */
export type Ends = { readonly source: End; readonly target: End; readonly progress: Progress };

/** How many events were copied by this call, and the comparison of both logs after it. */
export type Copied = LogComparison & { readonly copied: number };

export const openEnd = (url: string): End => ({
  url,
  store: connectEventStore({ url }),
  reader: connectLogReader({ url }),
});

export const closeEnd = ({ store, reader }: End): Promise<unknown> => Promise.all([store.close(), reader.close()]);

/**
 * Refuses a copy in the wrong direction, before anything is written. A source must serve its log, or have moved to this
 * very target. A target must be empty, or be one of copies, or a store that the log moved away from.
 */
export const refuseWrongEnds = async ({ source, target }: Ends): Promise<void> => {
  const [from, to] = [await readLogState(source.store), await readLogState(target.store)];
  for (const { kind } of [from, to])
    if (kind === 'RESTORING')
      throw new RefusedByPolicy('A restore of one of these stores is not complete. Complete it first: ledger restore.');
  if (from.kind === 'AWAITED')
    throw new RefusedByPolicy('The source is itself the target of copies. Copy from the store that has the log.');
  if (from.kind === 'MOVED' && to.kind === 'OPEN' && to.id === from.movedTo)
    throw new RefusedByPolicy('The log has moved to this target, which serves it. Set EVENTSTORE_URL to it and start.');
  if (from.kind === 'MOVED' && !(to.kind === 'AWAITED' && to.id === from.movedTo))
    throw new RefusedByPolicy('The log of the source has moved to another store. Copy from the store that has it now.');
  const [first, last] = [await lastOf(source), await lastOf(target)];
  if (first === null)
    throw new NothingToCheck('The source has no event of License Ledger, so there is nothing to copy.');
  if (to.kind === 'OPEN' && (last !== null || to.id !== null))
    throw new RefusedByPolicy(
      'The target serves a log of its own. Are --from and --to exchanged, or two names of one store?',
    );
};

/** Copies what the target lacks and compares both. Throws TargetDiffers when they are not equal. */
export const copyAndCompare = async ({ source, target, progress }: Ends): Promise<Copied> => {
  const copied = await copyLog(
    { store: source.store, readLog: source.reader.read },
    { store: target.store, last: () => lastOf(target) },
    {
      streamPrefixes,
      onProgress: ({ events, position, head }) =>
        progress.show({ phase: 'copying', events, part: partOfLog(position.commit, head.commit) }),
    },
  );
  const end = await lastOf(target);
  if (end === null) throw new TargetDiffers('The target has no event after the copy.');
  // A source that serves may have gone on.
  const [same] = await source.store.readBackwards(end.stream, end.revision, 1);
  if (same === undefined) throw new TargetDiffers(`The source does not have ${end.stream} any longer.`);
  const comparison = await compareLogs(
    source.reader.read({ streamPrefixes, upTo: same.position, onlyJson: true }),
    target.reader.read({ streamPrefixes, upTo: end.position, onlyJson: true }),
    (events) => progress.show({ phase: 'comparing', events, part: null }),
  );
  if (comparison.difference !== null) throw new TargetDiffers(comparison.difference);
  return { copied, ...comparison };
};

/** Throws RefusedByPolicy when the source has an event after the last one of the target. */
export const requireSameEnd = async ({ source, target }: Ends): Promise<void> => {
  const [from, to] = [await lastOf(source), await lastOf(target)];
  if (from === null || to === null || contentOf(from) !== contentOf(to))
    throw new RefusedByPolicy('Something was still appended to the source. Stop every process and repeat the command.');
};

/** Returns the last event of ours in a store, or null. */
export const lastOf = ({ url }: End) => lastOfPrefixes(url, streamPrefixes);
