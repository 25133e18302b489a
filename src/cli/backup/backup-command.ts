import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type Config, loadConfig } from '../../config.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { asOwner } from '../../identity/secret-records/stored-secrets-table.ts';
import { noteBackup } from '../../records/last-backup.ts';
import { createLog } from '../create-log.ts';
import { RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { counted } from '../output/counted.ts';
import { printResult } from '../output/print-result.ts';
import { createProgress } from '../progress.ts';
import { openCommandServers, otherSchema } from '../server/command-servers.ts';
import { unfinishedIn } from './backup-directory.ts';
import { logDatabaseUrl } from './log-database.ts';
import { manifestFile } from './manifest.ts';
import { checkSecretsFile, existingLedgerSecret, writeSecretsFile } from './secrets-file.ts';
import { type BackupSource, sizeOf, type TakenBackup, takeBackup } from './take-backup.ts';

type Options = { readonly to?: string; readonly secretsTo?: string; readonly json: boolean };

/**
 * `ledger backup`: copies the log, the logins, the personal values and the bookkeeping into a new directory, while everything
 * runs. Notes the backup for `ledger status`. Exits with 5 when the database is of another release or the log has moved, and
 * 6 when there is nothing to back up. Ctrl-C before its end removes what was written.
 */
export const backupCommand = async ({ to, ...rest }: Options): Promise<void> => {
  if (to === undefined) throw new UsageError('Name the directory for backups with --to.');
  const options = { ...rest, to };
  const config = loadConfig();
  if (options.secretsTo !== undefined) await checkSecretsFile(options.secretsTo, options.to);
  const log = createLog(config.logLevel, { format: config.logFormat });
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => stopping.abort(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const servers = await openCommandServers(config, (line) => log.debug(line), 'READ');
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const { onProgress, end } = showBytes();
  let taken: TakenBackup | null = null;
  try {
    const other = otherSchema(servers.schema);
    if (other !== null) throw new RefusedByPolicy(other);
    const logUrl = await logDatabaseUrl(config, servers);
    const { databaseUrl, eventStoreUrl } = servers;
    const source: BackupSource = {
      ...{ databaseUrl, eventStoreUrl, store, logUrl, to: path.resolve(options.to) },
      ...{ signal: stopping.signal, onProgress },
    };
    // A file that cannot be written is noticed before the hours of a backup.
    const hasSecret = await copySecret(config, options);
    taken = await takeBackup(source).catch(async (error: unknown) => {
      if (hasSecret && options.secretsTo !== undefined) await rm(options.secretsTo, { force: true });
      throw error;
    });
    end();
    await noteTaken(databaseUrl, taken);
    await report(taken, options, hasSecret);
  } catch (error) {
    if (taken !== null || !stopping.signal.aborted) throw error;
    console.error('The backup was stopped. What it had written is removed.');
    process.exitCode = stopping.signal.reason === 'SIGINT' ? 130 : 143;
  } finally {
    end();
    await store.close();
    await servers.stop();
  }
};

/** Shows how much is copied, in kilobytes before compression. */
export const showBytes = () => {
  const progress = createProgress();
  let bytes = 0;
  const onProgress = (_: string, more: number) => {
    bytes += more;
    progress.show({ phase: 'copying', events: Math.round(bytes / 1_000), part: null, unit: 'kB' });
  };
  return { onProgress, end: progress.end };
};

const noteTaken = async (databaseUrl: string, { manifest }: TakenBackup): Promise<void> => {
  const { backupId, version, log } = manifest;
  await asOwner(databaseUrl, (db) =>
    noteBackup(db, {
      ...{ backupId, version, hasLog: log.included, logPosition: log.last.position, ...sizeOf(manifest) },
      ...{ startedAt: new Date(manifest.startedAt), finishedAt: new Date(manifest.finishedAt) },
    }),
  );
};

/** Returns true when LEDGER_SECRET was written to the file of `--secrets-to`. */
const copySecret = async (config: Config, { secretsTo }: Options): Promise<boolean> => {
  if (secretsTo === undefined) return false;
  const secret = await existingLedgerSecret(config);
  if (secret === undefined)
    throw new RefusedByPolicy('There is no LEDGER_SECRET to write to the file of --secrets-to.');
  await writeSecretsFile(secretsTo, secret);
  return true;
};

const report = async (
  { directory, manifest }: TakenBackup,
  options: Options & { readonly to: string },
  hasSecret: boolean,
): Promise<void> => {
  const { backupId, log, secrets } = manifest;
  const { rows, bytes } = sizeOf(manifest);
  const left = await unfinishedIn(path.resolve(options.to));
  const ids = secrets.map(({ id }) => id);
  printResult(
    options.json,
    {
      ...{ backupId, directory, rows, bytes, logPosition: log.last.position, hasLog: log.included },
      ...{ secrets: ids, secretsFile: hasSecret ? options.secretsTo : null, unfinished: left },
    },
    [
      `Backed up ${counted(rows, 'row')} in ${Math.ceil(bytes / 1_000)} kB: ${directory}`,
      log.included
        ? `The log is in it up to position ${log.last.position}.`
        : `The log is not in it, because the event store is another server. Back that up now: ledger copy, or its own means. It must contain revision ${log.last.revision} of ${log.last.stream}.`,
      hasSecret
        ? `LEDGER_SECRET is in ${options.secretsTo}. Keep it apart from the backup: together they open license keys and API keys.`
        : `LEDGER_SECRET (${ids.join(', ')}) is not in it. Keep a copy in another place: without it no license key and no API key works.`,
      ...left.map(
        (unfinished) =>
          `${unfinished} is of a backup that runs or was killed. Without ${manifestFile} it is no backup. Remove it when none runs.`,
      ),
    ],
  );
};
