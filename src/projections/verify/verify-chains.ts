import { createChainCheck } from '../../eventstore/chain/chain-check.ts';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { readPages } from '../../eventstore/read-pages.ts';
import { streamPrefixes } from '../fold/fold-event.ts';
import { tellOfChain } from './check-streams.ts';
import { createFindings, type Finding } from './findings.ts';
import type { Verdict, VerifyProgress } from './verify-verdict.ts';

type Options = {
  readonly store: Pick<EventStore, 'head' | 'read'>;
  /** Yields every event of the streams in log order, up to and including `upTo`. */
  readonly readLog: (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;
  /** Called with every finding, as soon as it is certain. */
  readonly onFinding: (finding: Finding) => void;
  /** Called after each stream. Streams are read in the order of their first events. */
  readonly onProgress?: (progress: VerifyProgress) => void;
};

/**
 * Checks the hash chain of every stream to the end of the log, without a database: its tables are of another release.
 * Compares no rows, and does not compare the log with the streams. Memory does not grow with the number of events.
 */
export const verifyChains = async ({ store, readLog, onFinding, onProgress }: Options): Promise<Verdict> => {
  const findings = createFindings(onFinding);
  const upTo = await store.head({ timeoutMs: 10_000 });
  let events = 0;
  let streams = 0;
  if (upTo !== null)
    for await (const { stream, revision, position } of readLog({ streamPrefixes, upTo })) {
      if (revision !== 0n) continue;
      streams += 1;
      const chain = createChainCheck();
      for await (const page of readPages(store, stream))
        for (const recorded of page) {
          if (recorded.position.commit > upTo.commit) break;
          chain.add(recorded);
          events += 1;
        }
      tellOfChain(stream, chain.report(), findings.tell);
      findings.report();
      onProgress?.({ events, position: position.commit, head: upTo.commit });
    }
  const { damaged, repaired } = findings.counts();
  return {
    intact: damaged === 0,
    readModels: 'OTHER_RELEASE',
    events,
    streams,
    rows: 0,
    trees: 0,
    notProjected: 0,
    parked: 0,
    damaged,
    repaired,
    findings: [],
  };
};
