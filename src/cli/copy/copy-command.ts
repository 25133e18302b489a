import { type Config, loadConfig } from '../../config.ts';
import { TargetDiffers } from '../../eventstore/copy/copy-log.ts';
import { awaitLog, readLogState } from '../../eventstore/copy/log-state.ts';
import { prepareDatabase } from '../../projections/prepare-database.ts';
import { type RebuildProgress, rebuild } from '../../projections/rebuild/rebuild.ts';
import { prune } from '../../projections/rebuild/roll-back.ts';
import { createLog } from '../create-log.ts';
import { CommandEnded, exitCodes, RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { counted } from '../output/counted.ts';
import { jsonText } from '../output/print-result.ts';
import { createProgress, partOfLog } from '../progress.ts';
import { openCommandServers } from '../server/command-servers.ts';
import type { OpenServers } from '../server/open-servers.ts';
import { type Copied, closeEnd, copyAndCompare, type End, type Ends, openEnd, refuseWrongEnds } from './copy-ends.ts';
import { abortMove, refuseRunningProcesses, switchLog } from './switch-log.ts';

type CopyOptions = {
  readonly from?: string;
  readonly to?: string;
  readonly switch: boolean;
  readonly abort: boolean;
  readonly json: boolean;
};

/**
 * `ledger copy`: copies the log from one event store to another one and compares both. With `--switch` the log moves: the
 * source is closed, and the target is opened after the comparison. `--abort` opens the source of an unfinished move again.
 * One of `--from` and `--to` may be absent, which means the event store of the configuration. Exits with 3 when the stores
 * differ, 5 when a process runs or a store is not what it must be, and 6 when there is nothing to copy.
 */
export const copyCommand = async (options: CopyOptions): Promise<void> => {
  checkOptions(options);
  const config = loadConfig();
  if (config.servers.mode === 'embedded' && (options.switch || (options.to === undefined && !options.abort)))
    throw new UsageError(
      'In the embedded mode the log can only be copied to another store, because the contents of Postgres stay behind.',
    );
  const servers = needsServers(options) ? await openConfigured(config) : null;
  const ends: End[] = [];
  const open = (url: string): End => {
    const end = openEnd(url);
    ends.push(end);
    return end;
  };
  const progress = createProgress();
  try {
    const ours = servers?.eventStoreUrl ?? '';
    const [from, to] = [options.from ?? ours, options.to ?? ours];
    if (from === to && !options.abort) throw new UsageError('--from and --to are the same event store.');
    const source = open(from);
    if (options.abort) {
      await abortMove({
        source,
        target: to === '' || from === to ? null : open(to),
        refuseProcesses: () => refuseRunningProcesses(servers?.databaseUrl ?? ''),
      });
      print(options, { aborted: true }, 'The event store serves its log again. Start the processes.');
      return;
    }
    const pair = { source, target: open(to), progress };
    await refuseWrongEnds(pair);
    const copied = options.switch ? await move(pair, servers) : await copyOnly(pair);
    progress.end();
    report(copied, options);
  } catch (error) {
    if (error instanceof TargetDiffers) throw new CommandEnded(exitCodes.damaged, error.message);
    throw error;
  } finally {
    progress.end();
    await Promise.all(ends.map(closeEnd));
    await servers?.stop();
  }
};

const checkOptions = ({ from, to, switch: moves, abort }: CopyOptions): void => {
  if (from === undefined && to === undefined && !abort)
    throw new UsageError('Name the other event store with --from or --to, as esdb://host:2113?tls=true.');
  if (moves && abort) throw new UsageError('Give --switch or --abort, not both.');
  for (const url of [from, to])
    if (url !== undefined && !/^esdb(\+discover)?:\/\/[^/?]/.test(url))
      throw new UsageError('--from and --to must be esdb:// or esdb+discover:// URLs (not kurrentdb://).');
};

// A move also clears what Postgres stores of the positions of the log.
const needsServers = ({ from, to, switch: moves, abort }: CopyOptions): boolean =>
  moves || abort || from === undefined || to === undefined;

const openConfigured = (config: Config): Promise<OpenServers> => {
  const log = createLog(config.logLevel, { format: config.logFormat });
  return openCommandServers(config, (line) => log.debug(line), 'CHANGE');
};

const copyOnly = async (ends: Ends): Promise<Copied> => {
  if ((await readLogState(ends.source.store)).kind === 'MOVED')
    throw new RefusedByPolicy(
      'The log of the source is moving to this target. Complete the move with --switch, or end it with --abort.',
    );
  await awaitLog(ends.target.store, new Date().toISOString());
  return copyAndCompare(ends);
};

const move = async (ends: Ends, servers: OpenServers | null): Promise<Copied> => {
  if (servers === null) throw new UsageError('A move needs the database of the configuration.');
  await prepareDatabase({ url: servers.databaseUrl, log: () => {} });
  return switchLog({ ...ends, databaseUrl: servers.databaseUrl, rebuild: () => rebuildFrom(ends, servers) });
};

const rebuildFrom = async ({ target: { store }, progress }: Ends, servers: OpenServers): Promise<void> => {
  const { databaseUrl, projectorUrl } = servers;
  const log = createLog('error');
  const needs = { store, databaseUrl, projectorUrl, log, force: true, signal: new AbortController().signal };
  const onProgress = ({ phase, events, position, head }: RebuildProgress) =>
    progress.show({ phase, events, part: phase === 'folding' ? partOfLog(position, head) : null });
  await rebuild({ ...needs, settleMs: 0, onProgress });
  // The previous version has the positions of the source, so nobody may return to it.
  await prune(needs);
};

const report = ({ copied, events, digest }: Copied, options: CopyOptions): void =>
  print(
    options,
    { copied, events, digest, moved: options.switch },
    [
      `Copied ${counted(copied, 'event')}. Both logs have the same ${counted(events, 'event')}. Their digest is ${digest}.`,
      options.switch
        ? 'The log has moved, and its old store is closed. The read models are built from the new one. Set EVENTSTORE_URL to it and start.'
        : 'Repeat the command to copy what came later. To move, stop every process and add --switch.',
    ].join('\n'),
  );

const print = ({ json }: CopyOptions, facts: object, text: string): void => console.log(json ? jsonText(facts) : text);
