import { type Config, loadConfig } from '../../config.ts';
import { compareLogs } from '../../eventstore/copy/compare-logs.ts';
import { copyLog, TargetDiffers } from '../../eventstore/copy/copy-log.ts';
import { lastOfPrefixes } from '../../eventstore/copy/last-of-prefixes.ts';
import { awaitLog, readLogState } from '../../eventstore/copy/log-state.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { connectLogReader } from '../../eventstore/read-log.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import { prepareDatabase } from '../../projections/prepare-database.ts';
import { type RebuildProgress, rebuild } from '../../projections/rebuild/rebuild.ts';
import { prune } from '../../projections/rebuild/roll-back.ts';
import { createLog } from '../create-log.ts';
import { CommandEnded, exitCodes, UsageError } from '../exit-codes.ts';
import { jsonText } from '../output/print-result.ts';
import { createProgress, type Progress, partOfLog } from '../progress.ts';
import { openCommandServers } from '../server/command-servers.ts';
import type { OpenServers } from '../server/open-servers.ts';
import { type Copied, type End, switchLog } from './switch-log.ts';

type CopyOptions = { readonly from?: string; readonly to?: string; readonly switch: boolean; readonly json: boolean };

/**
 * `ledger copy`: copies the log from one event store to another one and compares both. With `--switch` the log moves: the
 * source is closed first, and the target is opened after the comparison. One of `--from` and `--to` may be absent, which
 * means the event store of the configuration. Exit codes: 0 both are equal, 2 wrong options, 3 the stores differ, 4 one does
 * not answer, 5 a process of the product still runs, or the log of the source has moved.
 */
export const copyCommand = async (options: CopyOptions): Promise<void> => {
  if (options.from === undefined && options.to === undefined)
    throw new UsageError('Name the other event store with --from or --to, as esdb://host:2113?tls=true.');
  for (const url of [options.from, options.to])
    if (url !== undefined && !/^esdb(\+discover)?:\/\/[^/?]/.test(url))
      throw new UsageError('--from and --to must be esdb:// or esdb+discover:// URLs (not kurrentdb://).');
  const config = loadConfig();
  const servers = needsServers(options) ? await openConfigured(config) : null;
  const ends: End[] = [];
  const open = (url: string): End => {
    const end = { url, store: connectEventStore({ url }), reader: connectLogReader({ url }) };
    ends.push(end);
    return end;
  };
  const progress = createProgress();
  try {
    const ours = servers?.eventStoreUrl ?? '';
    const [from, to] = [options.from ?? ours, options.to ?? ours];
    if (from === to) throw new UsageError('--from and --to are the same event store.');
    const [source, target] = [open(from), open(to)];
    const copied = options.switch
      ? await switchLog({
          ...{ source, target, databaseUrl: servers?.databaseUrl ?? '' },
          copy: () => copyOnce(source, target, progress),
          rebuild: () => rebuildFrom(target, servers, progress),
        })
      : await copyFromOpen(source, target, progress);
    progress.end();
    report(copied, options);
  } catch (error) {
    if (error instanceof TargetDiffers) throw new CommandEnded(exitCodes.damaged, error.message);
    throw error;
  } finally {
    progress.end();
    await Promise.all(ends.flatMap(({ store, reader }) => [store.close(), reader.close()]));
    await servers?.stop();
  }
};

// A move also clears what Postgres stores of the positions of the log.
const needsServers = ({ from, to, switch: moves }: CopyOptions): boolean =>
  from === undefined || to === undefined || moves;

const openConfigured = (config: Config): Promise<OpenServers> => {
  const log = createLog(config.logLevel, { format: config.logFormat });
  return openCommandServers(config, (line) => log.debug(line), 'CHANGE');
};

/** Copies and compares. The log of the source may have moved already: a copy of it is as good as another. */
const copyFromOpen = async (source: End, target: End, progress: Progress): Promise<Copied> => {
  const [{ movedTo }, { id }] = [await readLogState(source.store), await readLogState(target.store)];
  if (movedTo !== null && id === movedTo)
    throw new CommandEnded(
      exitCodes.refused,
      'The log of the source has moved to this target. Copy in the other direction.',
    );
  await awaitLog(target.store, new Date().toISOString());
  return copyOnce(source, target, progress);
};

const copyOnce = async (source: End, target: End, progress: Progress): Promise<Copied> => {
  const prefixes = { streamPrefixes };
  const copied = await copyLog(
    { store: source.store, readLog: source.reader.read },
    { store: target.store, last: () => lastOfPrefixes(target.url, streamPrefixes) },
    {
      ...prefixes,
      onProgress: ({ events, position, head }) =>
        progress.show({ phase: 'copying', events, part: partOfLog(position.commit, head.commit) }),
    },
  );
  const [sourceEnd, targetEnd] = [
    await lastOfPrefixes(source.url, streamPrefixes),
    await lastOfPrefixes(target.url, streamPrefixes),
  ];
  if (targetEnd === null) return { copied, events: 0, digest: '', difference: null };
  // A source that is not closed may have gone on.
  const [same] = await source.store.readBackwards(targetEnd.stream, targetEnd.revision, 1);
  const upTo = same?.position ?? sourceEnd?.position ?? targetEnd.position;
  const comparison = await compareLogs(
    source.reader.read({ ...prefixes, upTo }),
    target.reader.read({ ...prefixes, upTo: targetEnd.position }),
    (events) => progress.show({ phase: 'comparing', events, part: null }),
  );
  if (comparison.difference !== null) throw new TargetDiffers(comparison.difference);
  return { copied, ...comparison };
};

const rebuildFrom = async ({ store }: End, servers: OpenServers | null, progress: Progress): Promise<void> => {
  if (servers === null) throw new UsageError('A move needs the database of the configuration.');
  const { databaseUrl, projectorUrl } = servers;
  const log = createLog('error');
  await prepareDatabase({ url: databaseUrl, log: () => {} });
  const needs = { store, databaseUrl, projectorUrl, log, force: true, signal: new AbortController().signal };
  const onProgress = ({ phase, events, position, head }: RebuildProgress) =>
    progress.show({ phase, events, part: phase === 'folding' ? partOfLog(position, head) : null });
  await rebuild({ ...needs, settleMs: 0, onProgress });
  // The previous version has the positions of the source, so nobody may return to it.
  await prune(needs);
};

const report = ({ copied, events, digest }: Copied, options: CopyOptions): void => {
  if (options.json) {
    console.log(jsonText({ copied, events, digest, moved: options.switch }));
    return;
  }
  if (events === 0) console.log('The source has no event of License Ledger, so there was nothing to copy.');
  else console.log(`Copied ${copied} events. Both logs have the same ${events} events. Their digest is ${digest}.`);
  console.log(
    options.switch
      ? 'The log has moved, and its old store is closed. The read models are built from the new one. Set EVENTSTORE_URL to it and start.'
      : 'Repeat the command to copy what came later. To move, stop every process and add --switch.',
  );
};
