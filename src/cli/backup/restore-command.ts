import path from 'node:path';
import { type Config, loadConfig } from '../../config.ts';
import { ownDirectory } from '../../postgres/sql-files.ts';
import { prepareDatabase } from '../../projections/prepare-database.ts';
import { readSchemaState } from '../../projections/schema-state.ts';
import { refuseRunningProcesses } from '../copy/switch-log.ts';
import { createLog } from '../create-log.ts';
import { exitCodes, RefusedByPolicy, UsageError } from '../exit-codes.ts';
import { counted } from '../output/counted.ts';
import { printResult } from '../output/print-result.ts';
import type { OpenServers } from '../server/open-servers.ts';
import { showBytes } from './backup-command.ts';
import { completeRestore, type Restored, requireFittingLog } from './complete-restore.ts';
import { lostSentences } from './lost-records.ts';
import type { Manifest } from './manifest.ts';
import { type Backup, readBackup } from './read-backup.ts';
import { restoreLog } from './restore-log.ts';
import { isRestoreFinished, migrationsOf, requireRestorable, restorePostgres } from './restore-postgres.ts';
import { openForRestore, type WriteDatabases, withLogDatabase } from './restore-servers.ts';
import { existingLedgerSecret, readSecretsFile, requireSecrets, storeSecret } from './secrets-file.ts';

type Options = {
  readonly from?: string;
  readonly only?: 'log' | 'postgres';
  readonly secretsFrom?: string;
  readonly force: boolean;
  readonly sourceIsLost: boolean;
  readonly json: boolean;
};

/**
 * `ledger restore`: restores a backup into empty databases, builds the read models, opens the log and verifies all. The next
 * call continues one that was interrupted. Exits with 3 when the backup is damaged or the result is not intact; without
 * `--force` no server starts on such a result. Exits with 5 when a database is not empty, a process runs, or the secret, the
 * release or the log does not fit.
 */
export const restoreCommand = async (options: Options): Promise<void> => {
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const debug = (line: string) => log.debug(line);
  const { onProgress, end } = showBytes();
  try {
    checkOptions(options, config);
    if (options.from === undefined) throw new UsageError('Name the directory of one backup with --from.');
    const backup = await readBackup(path.resolve(options.from), onProgress);
    const onBytes = (bytes: number) => onProgress('', bytes);
    if (options.only === 'log') {
      await requireLog(backup);
      await withLogDatabase(config, debug, (url) => restoreLog(url, backup, { isWhole: true, onBytes }));
      end();
      reportLog(backup, options);
      return;
    }
    const restored = await restoreAll({ config, options, backup, onBytes, debug, end });
    end();
    report(backup, restored, options);
  } finally {
    end();
  }
};

const checkOptions = ({ only, secretsFrom, force, sourceIsLost }: Options, { servers }: Config): void => {
  if (secretsFrom !== undefined && servers.mode === 'servers')
    throw new UsageError('--secrets-from is for the embedded mode. With DATABASE_URL set LEDGER_SECRET.');
  if (secretsFrom !== undefined && only === 'log')
    throw new UsageError('The log needs no secret: leave out --secrets-from.');
  if (force && only === 'log')
    throw new UsageError('--force is for Postgres: with a log that is older, or a result that is not intact.');
  if (sourceIsLost && only !== 'postgres')
    throw new UsageError('--source-is-lost is for --only postgres, with a log that ledger copy copied.');
};

const requireLog = async ({ manifest }: Backup): Promise<void> => {
  if (!manifest.log.included)
    throw new RefusedByPolicy(
      'The backup does not have the log, because the event store was another server. Restore that by its own means, and then --only postgres.',
    );
};

type Restoring = {
  readonly config: Config;
  readonly options: Options;
  readonly backup: Backup;
  readonly onBytes: (bytes: number) => void;
  readonly debug: (line: string) => void;
  readonly end: () => void;
};

const restoreAll = async ({ config, options, backup, onBytes, debug, end }: Restoring): Promise<Restored> => {
  const { manifest } = backup;
  if (options.only !== 'postgres' && config.servers.mode === 'embedded') await requireLog(backup);
  const logToo = options.only !== 'postgres' && manifest.log.included;
  const only = migrationsOf(manifest, ownDirectory);
  const isEmbedded = config.servers.mode === 'embedded';
  const secretFromFile = options.secretsFrom === undefined ? undefined : await readSecretsFile(options.secretsFrom);
  requireSecrets(secretFromFile ?? (await existingLedgerSecret(config)), manifest, isEmbedded);
  const prepare = async (databaseUrl: string) => {
    if ((await readSchemaState(databaseUrl)).kind !== 'MISSING') await refuseUsed(databaseUrl, manifest);
    if (secretFromFile !== undefined) await storeSecret(config.dataDir, secretFromFile);
    await prepareDatabase({ url: databaseUrl, log: () => {}, only });
  };
  const writeBoth: WriteDatabases = async ({ databaseUrl, logUrl }) => {
    await prepare(databaseUrl);
    await restoreLog(logUrl, backup, { isWhole: false, onBytes });
    await restorePostgres(backup, { databaseUrl, logId: manifest.log.id, withAnswers: true, onBytes });
  };
  const servers = await openForRestore({ config, log: debug, write: logToo ? writeBoth : null });
  try {
    if (!logToo) {
      const { databaseUrl } = servers;
      const { logId, isOlder } = await requireFittingLog(servers, manifest, options);
      await prepare(databaseUrl);
      await restorePostgres(backup, { databaseUrl, logId, withAnswers: !isOlder, onBytes });
    }
    end();
    return await completeRestore(servers, backup, options);
  } finally {
    await stopQuietly(servers);
  }
};

/** Refuses a database with our schema, unless it is empty or has an unfinished restore of this backup. */
const refuseUsed = async (databaseUrl: string, manifest: Manifest): Promise<void> => {
  await refuseRunningProcesses(databaseUrl);
  if (await isRestoreFinished(databaseUrl, manifest))
    throw new RefusedByPolicy('This backup is already restored here. Run ledger start.');
  await requireRestorable(databaseUrl, manifest);
};

// What failed before counts, and not that a server was slow to stop.
const stopQuietly = (servers: OpenServers): Promise<void> => servers.stop().catch(() => undefined);

const reportLog = ({ manifest: { backupId, log } }: Backup, { json }: Options): void =>
  printResult(json, { backupId, logPosition: log.last.position, only: 'log' }, [
    `The log is restored up to position ${log.last.position}. Start the event store, and restore the rest: ledger restore --only postgres.`,
    'With the Postgres that you have: ledger verify says whether it fits, and ledger rebuild --force builds its read models from this log.',
  ]);

const report = (
  { manifest: { backupId, startedAt, log } }: Backup,
  { events, rows, intact, findings, lost }: Restored,
  { json, only, force }: Options,
): void => {
  const logPosition = log.last.position;
  printResult(json, { backupId, logPosition, only: only ?? null, intact, events, rows, findings, lost }, [
    `Restored the backup of ${startedAt}. The read models are built from ${counted(events, 'event')}.`,
    intact
      ? `Intact: ${counted(events, 'event')}, and ${counted(rows, 'row')} of the read models ${rows === 1 ? 'equals its' : 'equal their'} fold.`
      : `NOT INTACT: ${findings} findings. Run ledger verify to see them.`,
    ...lostSentences(lost),
    intact || force
      ? 'Everybody signs in again. Repeat what was revoked, removed or erased since the backup. Then start: ledger start.'
      : 'Start no server on it. Restore another backup, or repeat the command with --force to accept it as it is.',
  ]);
  if (!intact) process.exitCode = exitCodes.damaged;
};
